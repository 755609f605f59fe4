import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

/** The code base checks itself: a rule that nothing enforces is a wish. Each failure lists all its places. */
const root = fileURLToPath(new URL("..", import.meta.url));

interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
}

interface Import {
  readonly path: string;
  readonly specifier: string;
  readonly typesOnly: boolean;
  readonly at: string;
}

/** `git ls-files`: what is tracked, and what would be after `git add .`; without git, tests of those files skip. */
function filesOfTheProject(): readonly string[] | undefined {
  try {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const paths = listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
    return [...new Set(paths)].sort();
  } catch {
    return undefined;
  }
}

const compiler = new API({ cwd: root });
after(() => compiler.close());
const [project] = compiler.updateSnapshot({ openProjects: ["tsconfig.json"] }).getProjects();
assert.ok(project, "tsconfig.json does not open");

const sources: readonly Source[] = project.rootFiles.flatMap((file) => {
  const path = relative(root, file).replaceAll("\\", "/");
  const tree = project.program.getSourceFile(file);
  return tree && /^(functions|infra)\//.test(path) ? [{ path, text: tree.text, tree }] : [];
});
const imports = sources.flatMap(importsOf);

function each(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => each(child, visit));
}

function find(kind: SyntaxKind, source: Source): readonly Node[] {
  const found: Node[] = [];
  each(source.tree, (node) => {
    if (node.kind === kind) found.push(node);
  });
  return found;
}

function textOf(node: Node, source: Source): string {
  return source.text.slice(node.pos, node.end).trim();
}

function placeOf(node: Node, source: Source): string {
  const start = node.pos + source.text.slice(node.pos, node.end).search(/\S/);
  return `${source.path}:${source.text.slice(0, start).split("\n").length}`;
}

/** Static imports, re-exports and `import()` with a fixed name. */
function importsOf(source: Source): readonly Import[] {
  const found: Import[] = [];
  each(source.tree, (node) => {
    const specifier = specifierOf(node, source);
    if (specifier === undefined) return;
    const typesOnly = /^(import|export)\s+type\b/.test(textOf(node, source));
    found.push({ path: source.path, specifier, typesOnly, at: placeOf(node, source) });
  });
  return found;
}

function specifierOf(node: Node, source: Source): string | undefined {
  const text = textOf(node, source);
  switch (node.kind) {
    case SyntaxKind.ImportDeclaration:
    case SyntaxKind.ExportDeclaration:
      return /["']([^"']+)["']\s*(?:with\s*\{[^}]*\}\s*)?;?$/.exec(text)?.[1];
    case SyntaxKind.CallExpression:
      return /^import\(\s*["']([^"']+)["']/.exec(text)?.[1];
    default:
      return undefined;
  }
}

/** Where a relative import leads, from the root; a package's name stays. */
function targetOf({ path, specifier }: Import): string {
  return specifier.startsWith(".") ? join(dirname(path), specifier).replaceAll("\\", "/") : specifier;
}

function none(found: readonly string[], rule: string): void {
  assert.deepEqual([...found].sort(), [], rule);
}

function offenders(matches: (found: Import) => boolean): readonly string[] {
  return imports.filter(matches).map(({ at, specifier }) => `${at} imports ${specifier}`);
}

test("the code base has no type assertions, except `as const`", () => {
  const assertions = sources.flatMap((source) =>
    [...find(SyntaxKind.AsExpression, source), ...find(SyntaxKind.TypeAssertionExpression, source)]
      .filter((node) => !/\bas\s+const$/.test(textOf(node, source)))
      .map((node) => placeOf(node, source)),
  );
  none(assertions, "parse at the boundary (valibot), or let the compiler narrow");
});

test("the code base has no `any` and no non-null `!`", () => {
  const kinds = [SyntaxKind.AnyKeyword, SyntaxKind.NonNullExpression];
  const found = sources.flatMap((source) =>
    kinds.flatMap((kind) => find(kind, source).map((node) => placeOf(node, source))),
  );
  none(found, "`unknown` and a check instead");
});

test("no file is longer than 250 lines, none has a name that says nothing", () => {
  const long = sources
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > 250);
  const nameless = sources.filter(({ path }) =>
    /(^|[/\-.])(utils?|helpers?|managers?|common|misc|shared)(\.|-|\/)|\/index\.ts$/.test(path),
  );
  none(
    [...long.map(({ path, lines }) => `${path}: ${lines} lines`), ...nameless.map(({ path }) => path)],
    "a file this long decides two things; a file is named after its action or its noun",
  );
});

test("no function is longer than 70 lines, except a factory, whose parts are counted alone", () => {
  const kinds = [SyntaxKind.FunctionDeclaration, SyntaxKind.MethodDeclaration, SyntaxKind.ArrowFunction];
  const long = sources.flatMap((source) =>
    kinds.flatMap((kind) =>
      find(kind, source)
        .filter((node) => ownLines(node, source) > 70)
        .map((node) => `${placeOf(node, source)}: ${ownLines(node, source)} lines`),
    ),
  );
  none(long, "a function this long does two things");
});

/** Lines of a function without those of the functions and methods inside it. */
function ownLines(node: Node, source: Source): number {
  const lines = (inner: Node) => textOf(inner, source).split("\n").length;
  let nested = 0;
  const subtract = (inner: Node): void => {
    const counts = [
      SyntaxKind.FunctionDeclaration,
      SyntaxKind.MethodDeclaration,
      SyntaxKind.ArrowFunction,
      SyntaxKind.FunctionExpression,
    ].includes(inner.kind);
    if (counts) nested += lines(inner) - 1;
    else inner.forEachChild(subtract);
  };
  node.forEachChild(subtract);
  return lines(node) - nested;
}

test("every exported function says in a doc comment what it promises", () => {
  const silent = sources.flatMap((source) =>
    find(SyntaxKind.FunctionDeclaration, source)
      .filter((node) =>
        textOf(node, source)
          .replace(/^\/\*[\s\S]*?\*\/\s*/, "")
          .startsWith("export "),
      )
      .filter((node) => !/^\/\*\*/.test(textOf(node, source)))
      .map((node) => placeOf(node, source)),
  );
  none(silent, "a public function needs a doc comment");
});

test("imports end in .ts, and Node's own modules have the node: prefix", () => {
  const builtin =
    /^(assert|buffer|child_process|crypto|events|fs|http|https|net|os|path|stream|timers|tls|url|util|zlib)(\/|$)/;
  none(
    offenders(
      ({ specifier }) => (specifier.startsWith(".") && !specifier.endsWith(".ts")) || builtin.test(specifier),
    ),
    "relative imports name the file; Node's modules are written node:…",
  );
});

test("only the adapters, core/runtime, the local host and the command line's queues import the AWS SDK", () => {
  const allowed =
    /^functions\/core\/(payload\/s3-|queue\/sqs-|runtime\/)|^infra\/(local\/|cli\/(reach-queue|reach-stack|sqs-dead-letters)\.ts$)/;
  none(
    offenders(({ path, specifier }) => specifier.startsWith("@aws-sdk/") && !allowed.test(path)),
    "use a port: core/queue/port.ts, core/payload/port.ts",
  );
});

test("only the cluster adapter imports the OpenSearch client", () => {
  const allowed = /^functions\/core\/cluster\//;
  none(
    offenders(({ path, specifier }) => specifier.startsWith("@opensearch-project/") && !allowed.test(path)),
    "use the port: core/cluster/port.ts",
  );
});

test("only core/runtime/process.ts reads the functions' environment, on the stack's side only its entry", () => {
  // What starts programs passes the environment on to them, and finds JAVA_HOME and the user's cache.
  const allowed =
    /^functions\/core\/runtime\/process\.ts$|^infra\/(app|local\/(main|demo\/gateway|servers\/(account|jdk|installation)))\.ts$/;
  const readers = sources
    .filter(({ path }) => !allowed.test(path))
    .flatMap((source) =>
      find(SyntaxKind.PropertyAccessExpression, source)
        .filter((node) => textOf(node, source) === "process.env")
        .map((node) => placeOf(node, source)),
    );
  none(readers, "settings come from core/runtime/config.ts, read once");
});

test("Lambda's event types stay in handlers, core/http and core/runtime", () => {
  const allowed = /^functions\/\w+\/handler\.ts$|^functions\/core\/(http|runtime)\/|^infra\/local\//;
  none(
    offenders(({ path, specifier }) => specifier === "aws-lambda" && !allowed.test(path)),
    "translate the event at the edge",
  );
});

test("functions do not import each other, and core imports none but for its wiring", () => {
  const ownerOf = (path: string) => /^functions\/(\w+)\//.exec(path)?.[1];
  const wiring = /^functions\/core\/runtime\/\w+-services\.ts$/;
  none(
    offenders((found) => {
      const [from, to] = [ownerOf(found.path), ownerOf(targetOf(found))];
      return (
        from !== undefined && to !== undefined && to !== "core" && from !== to && !wiring.test(found.path)
      );
    }),
    "what two functions need is core's",
  );
});

test("core/replication is pure: no file, network, process, clock or cluster", () => {
  const outside =
    /^(node:(fs|net|http|https|tls|child_process|os|process|timers)|@|functions\/core\/(cluster|http|runtime|truth|tombstone)\/)/;
  const inside = (path: string) => path.startsWith("functions/core/replication/");
  const impure = sources
    .filter(({ path }) => inside(path))
    .flatMap((source) =>
      find(SyntaxKind.CallExpression, source)
        .filter((node) => /^(Date\.now|performance\.now|fetch|setTimeout)\(/.test(textOf(node, source)))
        .map((node) => placeOf(node, source)),
    );
  const outward = offenders(
    (found) => inside(found.path) && !found.typesOnly && outside.test(targetOf(found)),
  );
  none([...outward, ...impure], "keep it a calculation; hand in the clock");
});

test("the functions import nothing of infra, and the stack of the functions only their endpoint table", () => {
  const stack = /^infra\/(constructs\/|[\w-]+\.ts$)/;
  none(
    offenders((found) => {
      const target = targetOf(found);
      return (
        (found.path.startsWith("functions/") && target.startsWith("infra/")) ||
        (stack.test(found.path) &&
          target.startsWith("functions/") &&
          !target.startsWith("functions/core/routing/"))
      );
    }),
    "infra depends on functions; a deployed function is an entry file's path to the stack, not an import",
  );
});

test("the README's table lists exactly the settings that the code reads", () => {
  const listed = [...read("README.md").matchAll(/^\|\s*`([A-Z][A-Z0-9_]+)`\s*\|/gm)].map(
    ([, name]) => name ?? "",
  );
  assert.deepEqual(
    listed.filter((name, i) => listed.indexOf(name) !== i),
    [],
    "a setting has one row",
  );
  assert.deepEqual([...listed].sort(), [...settingsInCode()].sort());
});

/** Names that a settings reader is asked for, and names read from an environment directly. */
function settingsInCode(): ReadonlySet<string> {
  const readers = sources.filter(({ path }) =>
    /^(functions\/core\/runtime\/(config|sign-in-settings|process)|infra\/(\w+-)*settings|infra\/local\/host-settings|infra\/local\/servers\/account)\.ts$/.test(
      path,
    ),
  );
  const names = new Set<string>();
  for (const source of readers) {
    const { text } = source;
    for (const [, name = ""] of text.matchAll(
      /(?:read|reader)\.\w+(?:<[^(]*>)?\(\s*["`]([A-Z][A-Z0-9_]+)["`]/g,
    ))
      names.add(name);
    for (const [, name = ""] of text.matchAll(/(?:\benvironment|process\.env)(?:\.|\[")([A-Z][A-Z0-9_]+)/g))
      names.add(name);
    for (const [, suffix = ""] of text.matchAll(/`\$\{(?:prefix|side)\}(_[A-Z0-9_]+)`/g)) {
      for (const side of ["PRIMARY", "BACKUP"]) names.add(side + suffix);
    }
  }
  // The form of a login is read for clusters and for clients.
  for (const part of ["USERNAME", "PASSWORD"]) names.add(`CLIENT_${part}`);
  // AWS's own names, Powertools' and the desktop's, are not ours to describe.
  return new Set([...names].filter((name) => !/^(AWS|XDG|POWERTOOLS)_/.test(name)));
}

test("the runbook has one section for each alarm, titled with its name", () => {
  const union = /export type AlarmName =([^;]+);/.exec(read("infra/constructs/alarms.ts"))?.[1] ?? "";
  const alarms = [...union.matchAll(/"([\w-]+)"/g)].map(([, name]) => `understudy-${name}`);
  assert.ok(alarms.length > 0, "alarms.ts has no AlarmName any more");
  const sections = [...read("docs/runbook.md").matchAll(/^## (understudy-.+)$/gm)].map(([, title]) => title);
  assert.deepEqual(sections.sort(), alarms.sort());
});

test("the runbook's sketch of the dashboard has each of its graphs", () => {
  const code = read("infra/constructs/operations-dashboard.ts");
  const titles = [...code.matchAll(/\bgraph\(\s*"([^"]+)"/g)].map(([, title = ""]) => title);
  assert.ok(titles.length > 0, "operations-dashboard.ts has no graphs any more");
  const sketch = read("docs/runbook.md");
  none(
    titles.filter((title) => !sketch.includes(`│ ${title} `)),
    "draw it into docs/runbook.md, The dashboard",
  );
});

test("each decision record has a number of its own, which its title tells", () => {
  const files = readdirSync(join(root, "docs/decisions")).sort();
  files.forEach((file, i) => {
    assert.equal(Number(file.slice(0, 4)), i + 1, file);
    assert.match(read(`docs/decisions/${file}`), new RegExp(`^# ${i + 1}\\. `), file);
  });
});

test("links between the documents lead somewhere", () => {
  const documents = (filesOfTheProject() ?? ["README.md", "CONTRIBUTING.md"]).filter((path) =>
    path.endsWith(".md"),
  );
  const broken = documents.flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .filter(([, target = ""]) => !existsSync(join(root, dirname(path), target)))
      .map(([, target]) => `${path}: ${target}`),
  );
  none(broken, "a link must have an end");
});

const paths = filesOfTheProject();

test("no file names a machine's folders or a package registry", { skip: paths === undefined }, () => {
  // Written in pieces, so that this file does not find itself.
  const machine = new RegExp(
    ["/(?:home|Users)/[a-z]", "/roo" + "t/", "/wor" + "k/", "[A-Z]:\\\\Users"].join("|"),
  );
  const registry = new RegExp(
    ["registry\\.(?:npmjs|yarnpkg)", "artifac" + "tory", "nex" + "us\\.", '"resol' + 'ved":'].join("|"),
  );
  const found = (paths ?? [])
    .filter((path) => !/\.(png|jpg|gif|ico|gz|zip)$/.test(path))
    .filter((path) => machine.test(read(path)) || registry.test(read(path)));
  none(found, "the same checkout must work elsewhere");
});

test("package.json names exact versions", () => {
  const manifest: unknown = JSON.parse(read("package.json"));
  assert.ok(typeof manifest === "object" && manifest !== null);
  const ranges = ["dependencies", "devDependencies"].flatMap((group) => {
    const versions: unknown = Reflect.get(manifest, group);
    assert.ok(typeof versions === "object" && versions !== null, `package.json has no ${group}`);
    return Object.entries(versions)
      .filter(
        ([, version]) =>
          typeof version !== "string" || !/^(npm:[@\w/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
      )
      .map(([name, version]) => `${name} ${version}`);
  });
  none(ranges, "what is installed is what was tested");
});

test("the container starts the gateway as `npm start` does", () => {
  const start = /"start": "exec ([^"]+)"/.exec(read("package.json"))?.[1];
  const [command] = /^CMD (.*)$/m.exec(read("Dockerfile"))?.slice(1) ?? [];
  assert.deepEqual(JSON.parse(command ?? "[]"), start?.split(" "));
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
