import type { Usage } from "../agentmon/emitter/envelope.ts";
import { plus } from "../agentmon/emitter/read.ts";

/** The sum, figure by figure; what one of them does not know is what the other says. */
export function sum(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (!one || !other) return one ?? other;
  return {
    input_tokens: plus(one.input_tokens, other.input_tokens),
    output_tokens: plus(one.output_tokens, other.output_tokens),
    cache_read_tokens: plus(one.cache_read_tokens, other.cache_read_tokens),
    cache_write_tokens: plus(one.cache_write_tokens, other.cache_write_tokens),
    reasoning_tokens: plus(one.reasoning_tokens, other.reasoning_tokens),
    model: other.model ?? one.model,
  };
}
