// One line in: pairs of OpenAPI documents. One line out: for each, the descriptions of what api-smart-diff calls breaking.
import readline from "node:readline"
import { apiCompare } from "api-smart-diff"

for await (const line of readline.createInterface({ input: process.stdin })) {
  const breaking = JSON.parse(line).map(([before, after]) =>
    apiCompare(before, after).diffs.filter((each) => each.type === "breaking").map((each) => each.description ?? ""))
  console.log(JSON.stringify(breaking))
}
