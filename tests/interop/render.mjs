// Renders templates with Handlebars as it comes from npm, and tells what came of each.
//
// Standard input:  [{"template", "context"}, …]
// Standard output: {"handlebars", "rendered": [{"text"} | {"error"}, …]}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const Handlebars = createRequire(import.meta.url)("handlebars");

const rendered = JSON.parse(readFileSync(0, "utf8")).map(({ template, context }) => {
  try {
    return { text: Handlebars.compile(template)(context) };
  } catch (error) {
    return { error: String(error.message) };
  }
});

console.log(JSON.stringify({ handlebars: Handlebars.VERSION, rendered }));
