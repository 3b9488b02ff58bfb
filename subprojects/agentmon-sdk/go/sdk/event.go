package sdk

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

const (
	eventBytes     = 250 * 1024 // the gateway refuses more than 256 KiB
	textCharacters = 16_384     // of a text that had to be cut; at most six bytes each
)

var (
	errTooLarge = errors.New("too large")
	figures     = []string{"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
		"cost_usd", "model"}
)

type source struct {
	Framework string `json:"framework"`
	ClientID  string `json:"client_id"`
	Host      string `json:"host"`
}

type correlation struct {
	SessionID    string `json:"session_id,omitempty"`
	RunID        string `json:"run_id,omitempty"`
	SpanID       string `json:"span_id,omitempty"`
	ParentSpanID string `json:"parent_span_id,omitempty"`
	TraceID      string `json:"trace_id,omitempty"`
}

// Event is one thing that happened; made by NewEvent and its like.
type Event struct {
	Type string
	correlation
	source     source
	at         time.Time
	payload    map[string]any
	attributes map[string]any
}

// Option says more about an event.
type Option func(*Event)

// NewEvent is an event of any type. It belongs to the scope around the caller unless WithSession and its like say else.
func NewEvent(eventType string, options ...Option) Event {
	event := Event{Type: eventType, at: time.Now()}
	for _, option := range options {
		option(&event)
	}
	return event
}

func NewSessionStart(sessionID string, options ...Option) Event {
	return of("session.start", correlation{SessionID: sessionID}, options)
}

func NewSessionEnd(sessionID string, options ...Option) Event {
	return of("session.end", correlation{SessionID: sessionID}, options)
}

func NewRunStart(sessionID, runID string, options ...Option) Event {
	return of("run.start", correlation{SessionID: sessionID, RunID: runID}, options)
}

func NewRunEnd(sessionID, runID string, options ...Option) Event {
	return of("run.end", correlation{SessionID: sessionID, RunID: runID}, options)
}

func NewSpanStart(sessionID, runID, spanID string, options ...Option) Event {
	return of("span.start", correlation{SessionID: sessionID, RunID: runID, SpanID: spanID}, options)
}

func NewSpanEnd(sessionID, runID, spanID string, options ...Option) Event {
	return of("span.end", correlation{SessionID: sessionID, RunID: runID, SpanID: spanID}, options)
}

func of(eventType string, ids correlation, options []Option) Event {
	return NewEvent(eventType, append([]Option{func(event *Event) { event.correlation = ids }}, options...)...)
}

// WithSource names an emitter as the source; without it that is the one that sends the event.
func WithSource(emitter *Emitter) Option { return func(event *Event) { event.source = emitter.source } }

// WithPayload tells what happened (docs/event.md has the keys).
func WithPayload(payload map[string]any) Option {
	return func(event *Event) { event.payload = payload }
}

// WithAttributes adds labels.
func WithAttributes(attributes map[string]any) Option {
	return func(event *Event) { event.attributes = attributes }
}

// WithTime says when it happened; without it, now.
func WithTime(at time.Time) Option { return func(event *Event) { event.at = at } }

// WithIDs says what it belongs to; empty ids are not told.
func WithIDs(sessionID, runID, spanID string) Option {
	return func(event *Event) { event.SessionID, event.RunID, event.SpanID = sessionID, runID, spanID }
}

// WithParentSpan names the span that caused this one.
func WithParentSpan(spanID string) Option { return func(event *Event) { event.ParentSpanID = spanID } }

// WithTrace names a trace of another system.
func WithTrace(traceID string) Option { return func(event *Event) { event.TraceID = traceID } }

type envelope struct {
	Schema struct {
		Name    string `json:"name"`
		Version int    `json:"version"`
	} `json:"schema"`
	Event struct {
		ID     string `json:"id"`
		Type   string `json:"type"`
		TS     string `json:"ts"`
		Source source `json:"source"`
	} `json:"event"`
	Correlation correlation    `json:"correlation"`
	Attributes  map[string]any `json:"attributes"`
	Payload     map[string]any `json:"payload"`
}

// encode gives the event as JSON; errTooLarge, or why it is no JSON.
func (event Event) encode(capture bool) ([]byte, error) {
	whole := envelope{Correlation: event.correlation, Attributes: event.attributes, Payload: complete(event.payload, capture)}
	whole.Schema.Name, whole.Schema.Version = "agentmon.event", 1
	whole.Event.ID, whole.Event.Type, whole.Event.Source = uuid7(event.at), event.Type, event.source
	whole.Event.TS = event.at.UTC().Format("2006-01-02T15:04:05.000000Z")
	if whole.Attributes == nil {
		whole.Attributes = map[string]any{}
	}
	text, err := toJSON(whole)
	if err == nil && len(text) > eventBytes {
		shorten(whole.Payload)
		text, err = toJSON(whole)
	}
	if err == nil && len(text) > eventBytes {
		err = errTooLarge
	}
	return text, err
}

// complete gives a copy in which every figure of the usage is told, and no content unless it is captured.
func complete(payload map[string]any, capture bool) map[string]any {
	copied := map[string]any{}
	for key, value := range payload {
		copied[key] = value
	}
	if usage := object(copied["usage"]); usage != nil {
		for _, figure := range figures {
			if _, told := usage[figure]; !told {
				usage[figure] = nil
			}
		}
		copied["usage"] = usage
	}
	if !capture {
		delete(copied, "input")
		delete(copied, "output")
		if failure := object(copied["error"]); failure != nil {
			delete(failure, "message")
			copied["error"] = failure
		}
	}
	return copied
}

// object is a copy of a value that is an object in JSON, nil for any other.
func object(value any) map[string]any {
	if value == nil {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	var copied map[string]any
	if json.Unmarshal(text, &copied) != nil {
		return nil
	}
	return copied
}

func shorten(payload map[string]any) {
	for _, key := range []string{"input", "output"} {
		value := payload[key]
		switch kind := reflect.ValueOf(value).Kind(); kind {
		case reflect.String:
			characters := []rune(reflect.ValueOf(value).String())
			if len(characters) <= textCharacters {
				continue
			}
			payload[key] = string(characters[:textCharacters])
		case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct, reflect.Pointer:
			payload[key] = nil
		default:
			continue
		}
		payload[key+"_truncated"] = true
	}
}

func toJSON(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

func uuid7(at time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[6:]) // fails on no system that can run this
	var clock [8]byte
	if milliseconds := at.UnixMilli(); milliseconds > 0 {
		binary.BigEndian.PutUint64(clock[:], uint64(milliseconds))
	}
	copy(id[:6], clock[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
