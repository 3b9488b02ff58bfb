import { api, ask } from "../../api/ask";
import { resource } from "../../api/resource.svelte";
import type { Vm } from "../../api/types";
import { follow } from "../../live/following.svelte";
import { live } from "../../live/live.svelte";
import { now } from "../../words/now.svelte";
import { intervals } from "./intervals.svelte";
import { type Watched, conditionOf, isSilent, machineOf } from "./machine";

/** All machines as they are now, followed live: each view that shows machines judges them by this. To be made at the top
 * of a component. */
export class Machines {
  readonly asked = resource((signal) => ask(api.GET("/v1/vms", { signal })));
  private told = $state.raw(new Map<string, Vm>());
  private readonly known = $derived.by(() => {
    const latest = new Map((this.asked.value?.vms ?? []).map((vm) => [vm.name, vm]));
    for (const vm of this.told.values()) {
      const before = latest.get(vm.name);
      if (!before || before.ts <= vm.ts) latest.set(vm.name, vm);
    }
    return [...latest.values()].map(machineOf);
  });
  private readonly intervals = intervals(() => this.known);

  /** In no order; null until the first answer. */
  readonly list = $derived.by<Watched[] | null>(() =>
    this.asked.value === null
      ? null
      : this.known.map((machine) => {
          const silent = isSilent(machine.readAt, now.time, this.intervals.of(machine.name));
          return { machine, silent, condition: conditionOf(machine, silent) };
        }),
  );

  constructor() {
    follow([this.asked], () => false);
    $effect(() =>
      live.subscribe(({ vms }) => {
        if (vms.length > 0) this.told = new Map([...this.told, ...vms.map((vm) => [vm.name, vm] as const)]);
      }),
    );
  }
}
