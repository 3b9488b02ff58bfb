/** What a viewer does when this agentmon wants a key. */
import { afterAll, beforeAll, expect, test } from "vitest";

import { connected, overhang, patience, useBrowser, violations } from "./browser";
import { Instance } from "./instance";
import { until } from "./until";

const open = useBrowser();
let instance: Instance;
let key: string;

beforeAll(async () => {
  instance = await Instance.start();
  key = await instance.command("keys", "create", "viewer", "--scope", "query");
  await until("a key is needed", patience, async () => (await fetch(`${instance.place.ui}/v1/vms`)).status === 401);
});
afterAll(() => instance?.close());

test("the page asks for a key, takes a good one, and forgets it", async () => {
  const page = await open(instance.place.ui, { expected: /401|WebSocket/ });
  const dialog = page.getByRole("dialog", { name: "Sign in" });
  await dialog.waitFor();
  expect(await violations(page)).toEqual([]);

  await dialog.getByLabel("Access key").fill("agentmon_wrong");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").waitFor();

  await dialog.getByLabel("Access key").fill(key);
  await page.keyboard.press("Enter");
  await connected(page);
  const cookies = await page.context().cookies();
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);
  expect(cookies[0]?.value).not.toContain(key);
  const seen = await page.evaluate(
    () => document.cookie + JSON.stringify([{ ...sessionStorage }, { ...localStorage }]),
  );
  expect(seen).not.toContain("agentmon_");

  await page.getByRole("button", { name: "Sign out" }).click();
  await dialog.waitFor();
  expect((await page.request.get(`${instance.place.ui}/v1/vms`)).status()).toBe(401);
});

test.each([
  ["light", "wide"],
  ["dark", "phone"],
] as const)("the question for a key can be read when it is %s, in a %s window", async (theme, size) => {
  const page = await open(instance.place.ui, { theme, size, expected: /401|WebSocket/ });
  await page.getByRole("dialog", { name: "Sign in" }).waitFor();
  expect(await violations(page)).toEqual([]);
  expect(await overhang(page)).toBeLessThanOrEqual(0);
});

test("a key in the address signs in and leaves the address; revoked, it is asked for again", async () => {
  const short = await instance.command("keys", "create", "in the address", "--scope", "query");
  await until("the key counts", patience, async () => {
    const headers = { Authorization: `Bearer ${short}` };
    return (await fetch(`${instance.place.query}/v1/vms`, { headers })).status === 200;
  });
  const page = await open(`${instance.place.ui}/#token=${short}`, { expected: /401|WebSocket/ });
  await connected(page);
  expect(page.url()).toBe(`${instance.place.ui}/`);
  await instance.command("keys", "revoke", short.split("_")[1] ?? "");
  await page.getByRole("dialog", { name: "Sign in" }).waitFor();
});

test("no other site signs in, out, or listens with a viewer's cookie", async () => {
  const signIn = (origin?: string): Promise<Response> =>
    fetch(`${instance.place.ui}/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(origin ? { Origin: origin } : {}) },
      body: JSON.stringify({ key }),
    });
  expect((await signIn("http://example.org")).status).toBe(403);
  expect((await signIn()).status).toBe(403);
  const answer = await signIn(instance.place.ui);
  expect(answer.status).toBe(200);
  const cookie = answer.headers.get("Set-Cookie") ?? "";
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
  const secure = await signIn(instance.place.ui.replace("http://", "https://"));
  expect(secure.headers.get("Set-Cookie")).toMatch(/; Secure$/);
  const own = { Cookie: cookie.split(";")[0] ?? "" };
  expect((await fetch(`${instance.place.ui}/v1/vms`, { headers: own })).status).toBe(200);
  const leave = await fetch(`${instance.place.ui}/session`, { method: "DELETE", headers: own });
  expect(leave.status).toBe(403);
});
