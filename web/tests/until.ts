/** Waits for a condition, which may also fail with an exception while it does not hold yet. */
export async function until(what: string, limit: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limit;
  let last = "";
  for (;;) {
    try {
      if (await holds()) return;
    } catch (failure) {
      last = ` (${failure instanceof Error ? failure.message : String(failure)})`;
    }
    if (performance.now() > deadline) throw new Error(`Waited ${limit} ms in vain until ${what}${last}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}
