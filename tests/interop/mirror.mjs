// A server of Node that answers each request with what it saw of it: request line, header lines in their letter case, length and digest of the
// body. The path says how: /gzip is compressed, /chunks has no length, /long has a megabyte behind it.
//
// Standard output, one line: the port. Ends with its standard input.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

const server = createServer((request, response) => {
  response.sendDate = false;
  const digest = createHash("sha256");
  let size = 0;
  request.on("data", (piece) => { digest.update(piece); size += piece.length; });
  request.on("end", () => {
    const { method, url, rawHeaders, httpVersion } = request;
    const seen = JSON.stringify({ method, url, httpVersion, rawHeaders, size, digest: digest.digest("hex") });
    const body = Buffer.from(url.startsWith("/long") ? seen + "\n" + "long".repeat(1 << 18) : seen);
    const sent = url.startsWith("/gzip") ? gzipSync(body) : body;
    const lengths = url.startsWith("/chunks") ? {} : { "cONTENT-lENGTH": sent.length };
    const encodings = url.startsWith("/gzip") ? { "Content-Encoding": "gzip" } : {};
    response.writeHead(url.includes("teapot") ? 418 : 200, "As Node says", { "X-oDD-cASE": "yes", ...encodings, ...lengths });
    response.write(sent.subarray(0, 20));
    response.end(sent.subarray(20));
  });
});
server.on("checkContinue", (request, response) => { response.writeContinue(); server.emit("request", request, response); });
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
