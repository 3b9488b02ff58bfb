package sdk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

type scopeKey struct{}

// Scope is a session, run or span that goes on until End. Set its fields before that.
type Scope struct {
	Output any
	Usage  map[string]any
	Status string // success, error or aborted; empty: by the error that End is given

	emitter *Emitter
	level   string
	ids     correlation
	labels  map[string]any
	input   any
	began   time.Time
	once    sync.Once
}

// ScopeOption says more about a scope.
type ScopeOption func(*Scope)

// WithInput is what goes in: the user's message, a tool's arguments.
func WithInput(input any) ScopeOption { return func(scope *Scope) { scope.input = input } }

// WithID names the session, run or span; without it it gets a UUIDv7.
func WithID(id string) ScopeOption {
	return func(scope *Scope) {
		switch scope.level {
		case "session":
			scope.ids.SessionID = id
		case "run":
			scope.ids.RunID = id
		default:
			scope.ids.SpanID = id
		}
	}
}

// StartSession begins a conversation. What is started with the context it gives belongs to it.
func (e *Emitter) StartSession(ctx context.Context, options ...ScopeOption) (context.Context, *Scope) {
	return e.start(ctx, &Scope{level: "session", ids: correlation{SessionID: newID()}}, options)
}

// StartRun begins to work on one user message.
func (e *Emitter) StartRun(ctx context.Context, options ...ScopeOption) (context.Context, *Scope) {
	ids := correlation{SessionID: or(around(ctx).SessionID, newID()), RunID: newID()}
	return e.start(ctx, &Scope{level: "run", ids: ids}, options)
}

// StartSpan begins a piece of work in a run; kind is tool, model, compaction or subagent, name the tool's.
func (e *Emitter) StartSpan(ctx context.Context, kind, name string, options ...ScopeOption) (context.Context, *Scope) {
	outer := around(ctx)
	ids := correlation{SessionID: or(outer.SessionID, newID()), RunID: or(outer.RunID, newID()), SpanID: newID(),
		ParentSpanID: outer.SpanID}
	labels := map[string]any{"kind": kind}
	if name != "" {
		labels["name"] = name
	}
	return e.start(ctx, &Scope{level: "span", ids: ids, labels: labels}, options)
}

// IDs are those of its session, run and span, as far as it has them.
func (s *Scope) IDs() (sessionID, runID, spanID string) {
	return s.ids.SessionID, s.ids.RunID, s.ids.SpanID
}

// End tells how it ended: success without an error, aborted when the error is context.Canceled. Only the first call counts.
func (s *Scope) End(err error) {
	s.once.Do(func() {
		told := s.payload("output", s.Output)
		status := "success"
		if errors.Is(err, context.Canceled) {
			status = "aborted"
		} else if err != nil {
			status = "error"
			told["error"] = map[string]any{"type": strings.TrimPrefix(fmt.Sprintf("%T", err), "*"), "message": err.Error()}
		}
		told["status"] = or(s.Status, status)
		if s.Usage != nil {
			told["usage"] = s.Usage
		}
		if s.level != "session" {
			told["duration_ms"] = math.Round(time.Since(s.began).Seconds()*1e6) / 1e3
		}
		s.tell("end", told)
	})
}

func (e *Emitter) start(ctx context.Context, scope *Scope, options []ScopeOption) (context.Context, *Scope) {
	scope.emitter = e
	scope.began = time.Now()
	for _, option := range options {
		option(scope)
	}
	scope.tell("start", scope.payload("input", scope.input))
	return context.WithValue(ctx, scopeKey{}, scope), scope
}

func (s *Scope) payload(key string, value any) map[string]any {
	told := map[string]any{}
	for label, text := range s.labels {
		told[label] = text
	}
	if value != nil {
		told[key] = value
	}
	return told
}

func (s *Scope) tell(what string, payload map[string]any) {
	s.emitter.Emit(context.Background(), of(s.level+"."+what, s.ids, []Option{WithPayload(payload)}))
}

func around(ctx context.Context) correlation {
	if scope, inside := ctx.Value(scopeKey{}).(*Scope); inside {
		return scope.ids
	}
	return correlation{}
}

func newID() string { return uuid7(time.Now()) }
