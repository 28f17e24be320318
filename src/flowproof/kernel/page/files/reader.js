// Reads an OpenAPI document: operations, references, and samples of what a schema describes.

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const DEEPEST = 6; // levels of a sample

export class Reader {
  // `requirements` by id, of the contract.
  constructor(document, requirements) {
    this.document = document;
    this.requirements = new Map(requirements.map((each) => [each.id, each]));
    this.operations = [...this.read()];
  }

  * read() {
    for (const [path, item] of Object.entries(this.document.paths ?? {})) {
      for (const method of METHODS.filter((each) => item[each])) {
        const described = item[method];
        const parameters = [...(item.parameters ?? []), ...(described.parameters ?? [])].map((each) => this.resolve(each));
        yield { id: described.operationId ?? `${method} ${path}`, method: method.toUpperCase(), path, described, parameters, body: this.resolve(described.requestBody) };
      }
    }
  }

  // What a reference leads to, with what stands beside it; anything else as it is.
  resolve(node) {
    for (let steps = 0; node?.$ref !== undefined && steps < 20; steps += 1) {
      const { $ref, ...beside } = node;
      node = { ...($ref.startsWith("#") ? this.at($ref.slice(1)) : {}), ...beside };
    }
    return node;
  }

  at(pointer) {
    const steps = pointer.split("/").slice(1).map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
    return steps.reduce((node, step) => node?.[step], this.document) ?? {};
  }

  nameOf(schema) {
    return schema?.$ref ? decodeURIComponent(schema.$ref.split("/").at(-1)) : "";
  }

  // Requirements that name an operation.
  concerning(id) {
    return [...this.requirements.values()].filter((each) => each.operations.includes(id));
  }

  // Examples of a media type, by name: those that are documented, else one made from the schema.
  examples(media) {
    const named = Object.entries(media.examples ?? {}).map(([name, each]) => [name, this.resolve(each)?.value]);
    if (named.length) return named;
    if (media.example !== undefined) return [["example", media.example]];
    return media.schema ? [["made from the schema", this.sample(media.schema)]] : [];
  }

  sample(schema, depth = 0) {
    const found = this.resolve(schema) ?? {};
    for (const value of [found.example, found.examples?.[0], found.default, found.const, found.enum?.[0]]) if (value !== undefined) return value;
    const either = found.oneOf?.[0] ?? found.anyOf?.find((each) => Object.keys(this.resolve(each) ?? {}).some((key) => key !== "required"));
    if (either && !found.properties) return this.sample(either, depth + 1);
    const whole = (found.allOf ?? []).map((each) => this.sample(each, depth + 1)).filter((each) => each && typeof each === "object");
    const type = [found.type].flat().find((each) => each !== "null") ?? (found.properties || whole.length ? "object" : "string");
    if (type === "object") return Object.assign({}, ...whole, depth < DEEPEST ? this.members(found, depth) : {});
    if (type === "array") return depth < DEEPEST && found.items ? [this.sample(found.items, depth + 1)] : [];
    if (type === "integer" || type === "number") return found.minimum ?? (found.exclusiveMinimum === undefined ? 1 : found.exclusiveMinimum + 1);
    if (type === "boolean") return true;
    return { "date-time": "2030-01-01T00:00:00Z", date: "2030-01-01", email: "somebody@example.com", uri: "https://example.com/", uuid: "00000000-0000-4000-8000-000000000000" }[found.format] ?? "text";
  }

  members({ properties = {}, required = [] }, depth) {
    return Object.fromEntries(Object.entries(properties).filter(([name]) => required.includes(name)).map(([name, each]) => [name, this.sample(each, depth + 1)]));
  }
}
