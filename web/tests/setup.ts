import type { TestProject } from "vitest/node";

import { Instance, type Place } from "./instance";

declare module "vitest" {
  export interface ProvidedContext {
    /** An agentmon with a week of the demo's data, for all files. */
    week: Place;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const instance = await Instance.start();
  try {
    await instance.playDemo();
  } catch (failure) {
    await instance.close();
    throw failure;
  }
  project.provide("week", instance.place);
  return () => instance.close();
}
