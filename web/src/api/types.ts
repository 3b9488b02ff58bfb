import type { components } from "./schema";

type Schemas = components["schemas"];

/** An event as it was sent (schema/event.schema.json). What is in payload and attributes is untrusted. */
export interface Envelope {
  event: { id: string; type: string; ts: string; source: { framework: string; client_id?: string; host?: string } };
  correlation?: {
    session_id?: string | null;
    run_id?: string | null;
    span_id?: string | null;
    parent_span_id?: string | null;
    trace_id?: string | null;
  } | null;
  attributes?: Record<string, unknown> | null;
  payload?: Record<string, unknown> | null;
}
export type Event = Schemas["Event"];
export type Session = Schemas["Session"];
export type SessionDetail = Schemas["SessionDetail"];
export type SessionStatus = Schemas["SessionStatus"];
export type Run = Schemas["Run"];
export type RunDetail = Schemas["RunDetail"];
export type RunStatus = Schemas["RunStatus"];
export type Span = Schemas["Span"];
export type Usage = Schemas["Usage"];
export type Summary = Schemas["Summary"];
export type Point = Schemas["Point"];
export type Timeseries = Schemas["Timeseries"];
export type Tool = Schemas["Tool"];
export type Agent = Schemas["Agent"];
export type Vm = Schemas["Vm"];
export type VmSample = Schemas["VmSample"];
export type SystemNode = Schemas["Node"];
export type Actor = Schemas["Actor"];
export type Mark = Schemas["Mark"];
