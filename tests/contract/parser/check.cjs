// Reads a list of AsyncAPI documents from stdin and prints, for each, what the official parser finds wrong with it.
const { Parser } = require("@asyncapi/parser");
const { readFileSync } = require("node:fs");

const WARNING = 1; // 0 is an error, and more is a hint such as "there is a newer version of AsyncAPI"

async function main() {
  const found = [];
  for (const document of JSON.parse(readFileSync(0, "utf8"))) {
    const { diagnostics } = await new Parser().parse(document);
    found.push(diagnostics.filter((one) => one.severity <= WARNING).map((one) => `${one.path.join(".")}: ${one.message}`));
  }
  console.log(JSON.stringify(found));
}

main();
