// Renders templates with Handlebars as it comes from npm, and tells what came of each.
//
// Standard input, a line each:  [{"template", "context"}, …]
// Standard output, a line each: {"handlebars", "rendered": [{"text"} | {"error"}, …]}

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const Handlebars = createRequire(import.meta.url)("handlebars");

function render({ template, context }) {
  try {
    return { text: Handlebars.compile(template)(context) };
  } catch (error) {
    return { error: String(error.message) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ handlebars: Handlebars.VERSION, rendered: JSON.parse(line).map(render) }));
}
