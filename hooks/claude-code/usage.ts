import type { Usage } from "../agentmon/emitter/envelope.ts";
import { fields, figure, list, plus, text } from "../agentmon/emitter/read.ts";
import { type Line, readLines } from "../command/transcript.ts";
import { sum } from "../command/usage.ts";

/** A part of a transcript: from a byte on, and of it what was written since a time (milliseconds since 1970). */
export interface Part {
  path: unknown;
  from: number;
  since: number;
}

/** Tokens of all answers of the model; undefined when there are none. An answer is written in several lines, each with
 * what was counted until then: the last one counts. */
export function usageOf(part: Part): Usage | undefined {
  const answers = new Map<string, { usage: unknown; model: string | undefined }>();
  for (const message of answersIn(part)) {
    const id = text(message.id);
    if (id && message.model !== "<synthetic>") answers.set(id, { usage: message.usage, model: text(message.model) });
  }
  return [...answers.values()].map(({ usage, model }) => tokensOf(usage, model)).reduce<Usage | undefined>(sum, undefined);
}

/** Does the transcript hold this text as the end of what the model said? Claude Code can call the Stop hook first. */
export function hasAnswer(part: Part, answer: string): boolean {
  return answersIn(part).some((message) =>
    list(message.content).some((part) => text(fields(part).text)?.includes(answer.slice(-200))),
  );
}

function answersIn({ path, from, since }: Part): Line[] {
  return readLines(path, from)
    .filter((line) => line.type === "assistant" && !(Date.parse(text(line.timestamp) ?? "") < since))
    .map((line) => fields(line.message));
}

/** Anthropic counts cached input beside input_tokens, agentmon within it. */
function tokensOf(value: unknown, model: string | undefined): Usage {
  const usage = fields(value);
  const read = figure(usage.cache_read_input_tokens);
  const written = figure(usage.cache_creation_input_tokens);
  return {
    input_tokens: plus(plus(figure(usage.input_tokens), read), written),
    output_tokens: figure(usage.output_tokens),
    cache_read_tokens: read,
    cache_write_tokens: written,
    model,
  };
}
