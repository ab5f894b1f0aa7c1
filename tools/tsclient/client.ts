// Makes, reads and deletes an object through types that openapi-typescript
// generated from the server's own document. It shows that the document serves
// TypeScript programs; the test in internal/openapi compiles and runs it.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type SignIn = components["schemas"]["SignIn"];
type Group = components["schemas"]["IPSourceGroup"];

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

// obfuscate mixes the API key with the time, as a sign-in wants it.
function obfuscate(key: string, millis: number): string {
  const high = String(millis).slice(-6);
  const low = String(Number(high) >> 1).padStart(6, "0");
  const pick = (digits: string, offset: number) => [...digits].map((d) => key[Number(d) + offset]).join("");
  return pick(high, 0) + pick(low, 2);
}

function must<T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

const url = setting("SPURLINE_URL");
const api = createClient<paths>({ baseUrl: url + "/api/v1" });
const native = createClient<paths>({ baseUrl: url });

const timestamp = Date.now();
const body: SignIn = {
  apiKey: obfuscate(setting("SPURLINE_API_KEY"), timestamp),
  timestamp,
  username: setting("SPURLINE_USERNAME"),
  password: setting("SPURLINE_PASSWORD"),
};
const signedIn = await api.POST("/auth", { body });
must("sign in", signedIn);
const cookie = signedIn.response.headers.getSetCookie()[0]?.split(";")[0];
if (cookie === undefined) throw new Error("sign in: no session came back");
for (const client of [api, native]) {
  client.use({
    onRequest({ request }) {
      request.headers.set("Cookie", cookie);
    },
  });
}

console.log("signed in as", must("who am I", await native.GET("/spurline/v1/whoami")).login);

const made: Group = must("create", await api.POST("/ipSourceGroups", { body: { name: "ts-client", ipAddresses: ["10.0.0.0/24"] } }));
const path = { id: made.id };
const found = must("get", await api.GET("/ipSourceGroups/{id}", { params: { path } }));
if (found.name !== "ts-client" || found.ipAddresses.length !== 1) throw new Error(`get: ${JSON.stringify(found)}`);
const list = must("list", await api.GET("/ipSourceGroups", { params: { query: { search: "ts-cl", pageSize: 10 } } }));
if (list.length !== 1) throw new Error(`list: ${JSON.stringify(list)}`);
console.log("created and read", found.name);

const gone = await api.DELETE("/ipSourceGroups/{id}", { params: { path } });
if (gone.response.status !== 204) throw new Error(`delete: ${gone.response.status}`);
const after = await api.GET("/ipSourceGroups/{id}", { params: { path } });
if (after.error?.code !== "RESOURCE_NOT_FOUND") throw new Error(`get after the deletion: ${JSON.stringify(after)}`);
console.log("deleted it");
