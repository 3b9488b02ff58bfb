/** The time, second by second, for "5 s ago". Runs only while something on the page reads it. */
import { createSubscriber } from "svelte/reactivity";

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export const now = {
  get time(): number {
    subscribe();
    return Date.now();
  },
};
