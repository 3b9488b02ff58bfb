import type { components } from "../../../api/schema";

type Schemas = components["schemas"];

export type RunOutline = Schemas["RunOutline"];
export type SpanOutline = Schemas["SpanOutline"];
export type EventOutline = Schemas["EventOutline"];
export type SpanDetail = Schemas["SpanDetail"];
export type VmSamples = Schemas["VmSamples"];
