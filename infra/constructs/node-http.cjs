// As CommonJS: an ES import of node:http reads all of its exports at once, WebSocket among them, and so loads
// undici (20 ms of CPU at each cold start).
// biome-ignore lint/style/useNodejsImportProtocol: by its other name it would be this file
module.exports = require("http");
