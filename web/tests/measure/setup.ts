import type { TestProject } from "vitest/node";

import { Instance } from "../instance";
import { fill } from "./filling";

/** MEASURE_FOLDER keeps what was filled, for the next time. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const instance = await Instance.start(process.env["MEASURE_FOLDER"]);
  try {
    await fill(instance);
  } catch (failure) {
    await instance.close();
    throw failure;
  }
  project.provide("week", instance.place);
  return () => instance.close();
}
