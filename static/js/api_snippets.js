"use strict";

// The call that was just tried on the page of the API, as a Python script. Swagger UI has none of its own.
const SNIPPETS = {
  fn: {
    requestSnippetGenerator_python: (request) => {
      const quoted = (value) => JSON.stringify(String(value));
      const headers = Object.entries(request.get("headers")?.toJS() ?? {}).filter(([name]) => !/^(x-csrftoken|cookie)$/i.test(name));
      const body = request.get("body");
      const fields = body && typeof body !== "string" && body.entrySeq ? body.entrySeq().toArray() : [];
      // The library writes the boundary of a form itself.
      const told = headers.filter(([name]) => !(fields.length && /^content-type$/i.test(name)));
      const lines = ["import requests", "", "answer = requests.request(", `    ${quoted(request.get("method"))},`, `    ${quoted(request.get("url"))},`];
      lines.push(`    headers={${told.map(([name, value]) => `${quoted(name)}: ${quoted(value)}`).join(", ")}},`);
      if (typeof body === "string") lines.push(`    data=${quoted(body)}.encode(),`);
      const files = fields.filter(([, value]) => value instanceof File);
      const texts = fields.filter(([, value]) => !(value instanceof File));
      if (texts.length) lines.push(`    data={${texts.map(([name, value]) => `${quoted(name)}: ${quoted(value)}`).join(", ")}},`);
      if (files.length) lines.push(`    files={${files.map(([name, value]) => `${quoted(name)}: open(${quoted(value.name)}, "rb")`).join(", ")}},`);
      lines.push("    timeout=30,", ")", "print(answer.status_code, answer.text)");
      return lines.join("\n");
    },
  },
};
