/** The commands, as they are typed. */
export const commandNames = [
  "status",
  "seed",
  "verify",
  "dead-letters list",
  "dead-letters redrive",
  "dead-letters discard",
] as const;
export type CommandName = (typeof commandNames)[number];

const reach = `Where the queue is:
  --data-dir DIR               the local gateway's data directory (DATA_DIR, default .data); a gateway that
                               runs there is asked, else the directory itself is opened
  --stack NAME                 a deployed stack (its STACK_NAME), with AWS credentials and a region from the usual
                               places; its outputs say the rest
  --queue-url URL              instead of --stack, where CloudFormation may not be asked: the outputs QueueUrl and
  --dead-letter-queue-url URL  DeadLetterQueueUrl (QUEUE_URL, DEAD_LETTER_QUEUE_URL)
`;

const clusters = `Clusters: PRIMARY_ENDPOINT and BACKUP_ENDPOINT, with _USERNAME, _PASSWORD and the other names that the
gateway knows; where no endpoints are set, those of the running gateway or the stack.
`;

const everywhere = `  --json                       the result as one JSON document on standard output
  --help                       this text
`;

const overview = `understudy: keeps BACKUP equal to PRIMARY, and shows that it is

  understudy status                 what the gateway does: clusters, queue, dead letters, counters
  understudy seed                   copies what PRIMARY already holds to BACKUP, through the queue
  understudy verify                 compares every document of both clusters, and repairs on request
  understudy dead-letters list      what BACKUP refused, with the reasons
  understudy dead-letters redrive   sends all of it through the queue again; always safe
  understudy dead-letters discard   deletes it for good

\`understudy COMMAND --help\` tells more. Each takes --json.
`;

const texts: Readonly<Record<CommandName, string>> = {
  status: `understudy status [--url URL | --stack NAME]

What the running gateway says of itself, or what is known of a deployed stack: queue, dead letters, intents, whether
both clusters answer from here, and what the functions counted in the last hour. Exit code 2 when nothing answers.

  --stack NAME                 a deployed stack, with AWS credentials and a region from the usual places
  --url URL                    the gateway's address; else the one that serves the data directory
  --data-dir DIR               the local gateway's data directory (DATA_DIR, default .data)
${everywhere}`,
  seed: `understudy seed [--index PATTERN] [--wait SECONDS]

For a PRIMARY that holds documents already: queues the definition and every document of each index, and
follows the progress until the queue is empty. Only what differs is transferred, so it can be interrupted
and run again at any time, while clients write. Templates, pipelines and stored scripts go as well, unless
--index is given. Indices whose name begins with a dot are left out, but those of data streams.
Exit codes: 0 done, 1 something was parked meanwhile, 2 could not be done or seen to the end.

  --index PATTERN              names with * and commas; default *
  --wait SECONDS               how long to follow the progress; 0 only queues; default until it is done
${reach}${everywhere}
${clusters}`,
  verify: `understudy verify [--index PATTERN] [--repair] [--sources]

Compares every document of PRIMARY with BACKUP's by version, and every document of BACKUP with PRIMARY's.
Where versions differ, the documents themselves are compared. Clients may write meanwhile: what differs is
looked at again, and only what stays different counts. Indices whose name begins with a dot are left out.
Exit codes: 0 equal, 1 differences, 2 could not tell (a cluster away, a closed index, a wrong option).

  --index PATTERN              names with * and commas; default *
  --repair                     has what differs copied from PRIMARY again, through the queue, and looks again
  --sources                    compares the documents themselves also where versions are equal
  --looks N                    how often what differs is looked at again; default 3
  --wait SECONDS               with --repair: how long to wait for the queue; default 600
${reach}${everywhere}
${clusters}With --repair: a document that was changed on BACKUP by others has to be deleted there first, and BACKUP
remembers deletions for index.gc_deletes (60 s); the repair waits for that.
`,
  "dead-letters list": `understudy dead-letters list [--limit N]

Shows the parked records: index, id, reason, when they were parked, how often they had been tried, and how
many operations each holds. Nothing is changed; a record that is shown is hidden from others for a moment.

  --limit N                    how many to show; default 1000
${reach}${everywhere}`,
  "dead-letters redrive": `understudy dead-letters redrive [--limit N] [--wait SECONDS]

Sends every parked record through the queue again, after the reason is mended. Safe at any time: what is
newer on BACKUP by now is left alone, and what is refused again is parked again.

  --limit N                    only so many, to see whether the reason is mended; default all
  --wait SECONDS               how long to follow the move; default 300
${reach}${everywhere}`,
  "dead-letters discard": `understudy dead-letters discard --yes

Deletes the parked records that are there when it begins, and their payloads. BACKUP stays without what
they hold until \`understudy verify --repair\` copies it from PRIMARY.

  --yes                        needed; without it nothing is deleted
  --payload-bucket NAME        with --queue-url: where payloads are (PAYLOAD_BUCKET); without it they stay until
                               they expire
${reach}${everywhere}`,
};

/** The help text: of one command, or of all. */
export function usage(command: CommandName | undefined): string {
  return command === undefined ? overview : texts[command];
}
