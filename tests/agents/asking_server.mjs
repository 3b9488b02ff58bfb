// An MCP server on standard input and output whose tool "ask" asks the user back (an elicitation).
import readline from "node:readline";
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
let asking;
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params, result } = JSON.parse(line);
  if (method === "initialize") send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "lab", version: "1" } } });
  else if (method === "tools/list") send({ id, result: { tools: [{ name: "ask", description: "Asks the user", inputSchema: { type: "object", properties: {} } }] } });
  else if (method === "tools/call") {
    asking = id;
    const requestedSchema = { type: "object", properties: { colour: { type: "string" } } };
    send({ id: "question", method: "elicitation/create", params: { message: "Which colour?", requestedSchema } });
  } else if (id === "question") send({ id: asking, result: { content: [{ type: "text", text: `the user: ${result?.action}` }] } });
  else if (method === "ping") send({ id, result: {} });
});
