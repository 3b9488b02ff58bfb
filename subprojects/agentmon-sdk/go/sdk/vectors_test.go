package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

type fields = map[string]any

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func vectors(t *testing.T, name string, cases any) {
	text, err := os.ReadFile(filepath.Join("..", "..", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	text, _ = json.Marshal(expand(plain))
	if err := json.Unmarshal(text, cases); err != nil {
		t.Fatal(err)
	}
}

// expand makes texts of {"repeat": TEXT, "times": N}.
func expand(value any) any {
	switch value := value.(type) {
	case []any:
		for index := range value {
			value[index] = expand(value[index])
		}
	case fields:
		if text, repeated := value["repeat"].(string); repeated {
			return strings.Repeat(text, int(value["times"].(float64)))
		}
		for key := range value {
			value[key] = expand(value[key])
		}
	}
	return value
}

// silent is an emitter that keeps what it would send.
func silent(config Config) *Emitter {
	e := NewEmitter(config)
	e.stop()
	if e.gateway != nil {
		<-e.ended
	}
	return e
}

func (e *Emitter) told(t *testing.T) []fields {
	var events []fields
	for _, text := range e.waiting.(*memory).events {
		var event fields
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

func TestEnvelopes(t *testing.T) {
	var cases []struct {
		Name     string
		Settings struct{ Framework, Client_ID, Host, Capture, URL string }
		Event    struct {
			Type                                                  string
			At_us                                                 int64
			Session_ID, Run_ID, Span_ID, Parent_Span_ID, Trace_ID string
			Payload, Attributes                                   fields
		}
		Expected fields
		Dropped  string
	}
	vectors(t, "envelopes.json", &cases)
	for index, one := range cases {
		t.Run(one.Name, func(t *testing.T) {
			t.Setenv("AGENTMON_CAPTURE_CONTENT", one.Settings.Capture)
			url := "http://127.0.0.1:9"
			if one.Dropped == "no_gateway" {
				url = one.Settings.URL
			}
			e := silent(Config{ServerURL: url, Framework: one.Settings.Framework, ClientID: one.Settings.Client_ID,
				Host: one.Settings.Host})
			e.Emit(context.Background(), NewEvent(one.Event.Type, WithTime(time.UnixMicro(one.Event.At_us)),
				WithIDs(one.Event.Session_ID, one.Event.Run_ID, one.Event.Span_ID),
				WithParentSpan(one.Event.Parent_Span_ID), WithTrace(one.Event.Trace_ID),
				WithPayload(one.Event.Payload), WithAttributes(one.Event.Attributes)))
			if one.Dropped != "" {
				if got := e.Dropped(); !reflect.DeepEqual(got, map[string]int{one.Dropped: 1}) {
					t.Fatalf("dropped %v", got)
				}
				return
			}
			event := e.told(t)[0]
			id := event["event"].(fields)["id"].(string)
			delete(event["event"].(fields), "id")
			milliseconds, _ := strconv.ParseInt(strings.ReplaceAll(id, "-", "")[:12], 16, 64)
			if !uuid.MatchString(id) || milliseconds != one.Event.At_us/1000 {
				t.Errorf("id %s", id)
			}
			if !reflect.DeepEqual(event, cases[index].Expected) {
				t.Errorf("got %.2000v", event)
			}
		})
	}
}

type step struct {
	Scope, ID, Kind, Name, Tells, Ends string
	Input, Output                      any
	Usage                              fields
	Inside                             []step
}

func TestScopes(t *testing.T) {
	var cases []struct {
		Name     string
		Scopes   []step
		Expected []fields
	}
	vectors(t, "scopes.json", &cases)
	for _, one := range cases {
		t.Run(one.Name, func(t *testing.T) {
			e := silent(Config{ServerURL: "http://127.0.0.1:9", Framework: "test"})
			for _, scope := range one.Scopes {
				e.walk(context.Background(), scope)
			}
			if got := outline(e.told(t)); !reflect.DeepEqual(got, one.Expected) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func (e *Emitter) walk(ctx context.Context, step step) {
	if step.Tells != "" {
		e.Emit(ctx, NewEvent(step.Tells))
		return
	}
	var scope *Scope
	switch options := []ScopeOption{WithID(step.ID), WithInput(step.Input)}; step.Scope {
	case "session":
		ctx, scope = e.StartSession(ctx, options...)
	case "run":
		ctx, scope = e.StartRun(ctx, options...)
	default:
		ctx, scope = e.StartSpan(ctx, step.Kind, step.Name, options...)
	}
	for _, inner := range step.Inside {
		e.walk(ctx, inner)
	}
	scope.Output, scope.Usage = step.Output, step.Usage
	scope.End(map[string]error{"error": errors.New("it broke"), "aborted": context.Canceled}[step.Ends])
	scope.End(nil) // counts no more
}

// outline takes out what differs from time to time.
func outline(events []fields) []fields {
	var outlined []fields
	for _, event := range events {
		payload := event["payload"].(fields)
		if duration, told := payload["duration_ms"].(float64); told && duration >= 0 {
			payload["duration_ms"] = "any"
		}
		if failure, told := payload["error"].(fields); told {
			failure["type"] = "any"
		}
		outlined = append(outlined, fields{"type": event["event"].(fields)["type"], "correlation": event["correlation"],
			"payload": payload})
	}
	return outlined
}

// What programs that were written for the first client of agentmon call.
func TestEventByEvent(t *testing.T) {
	ctx := context.Background()
	emitter := silent(Config{ServerURL: "http://127.0.0.1:9", Framework: "my-agent", ClientID: "zap", Host: "here"})
	other := silent(Config{ServerURL: "http://127.0.0.1:9", Framework: "collector"})
	emitter.Emit(ctx, NewSessionStart("s", WithSource(emitter)))
	emitter.Emit(ctx, NewRunStart("s", "r", WithSource(other)))
	emitter.Emit(ctx, NewSpanStart("s", "r", "p"))
	emitter.Emit(ctx, NewSpanEnd("s", "r", "p"))
	emitter.Emit(ctx, NewRunEnd("s", "r", WithPayload(map[string]any{"status": "success"})))
	emitter.Emit(ctx, NewSessionEnd("s"))
	events := emitter.told(t)
	var types []any
	for _, event := range events {
		types = append(types, event["event"].(fields)["type"])
	}
	if want := []any{"session.start", "run.start", "span.start", "span.end", "run.end", "session.end"}; !reflect.DeepEqual(types, want) {
		t.Fatalf("types %v", types)
	}
	ours := fields{"framework": "my-agent", "client_id": "zap", "host": "here"}
	if got := events[0]["event"].(fields)["source"]; !reflect.DeepEqual(got, ours) {
		t.Errorf("source %v", got)
	}
	if got := events[1]["event"].(fields)["source"].(fields)["framework"]; got != "collector" {
		t.Errorf("source %v", got)
	}
	if got := events[3]["correlation"]; !reflect.DeepEqual(got, fields{"session_id": "s", "run_id": "r", "span_id": "p"}) {
		t.Errorf("correlation %v", got)
	}
	if got := events[4]["payload"]; !reflect.DeepEqual(got, fields{"status": "success"}) {
		t.Errorf("payload %v", got)
	}
}

func TestAnswers(t *testing.T) {
	type said struct {
		Status            int
		Retry_After, Body string
	}
	var cases []struct {
		Name                         string
		Waiting, Dropped, Bytes_Each int
		Answers                      []*said
		Requests                     [][]int
		Pauses                       [][]float64
	}
	vectors(t, "answers.json", &cases)
	for _, one := range cases {
		folder, _ := newSpool(t.TempDir())
		for kind, waiting := range map[string]waiting{"memory": &memory{}, "spool": folder} {
			t.Run(one.Name+"/"+kind, func(t *testing.T) {
				for number := 0; number < one.Waiting; number++ {
					filler := strings.Repeat("x", int(math.Max(0, float64(one.Bytes_Each-20))))
					waiting.add([]byte(fmt.Sprintf(`{"n":%d,"filler":"%s"}`, number, filler)))
				}
				var requests [][]int
				var pauses []time.Duration
				dropped := 0
				drain(waiting, func(events [][]byte) (answer, error) {
					var first struct{ N int }
					_ = json.Unmarshal(events[0], &first)
					said := one.Answers[len(requests)]
					requests = append(requests, []int{first.N, len(events)})
					if said == nil {
						return answer{}, errors.New("refused")
					}
					return answer{said.Status, said.Retry_After, []byte(said.Body)}, nil
				}, func(pause time.Duration) bool {
					pauses = append(pauses, pause)
					return true
				}, func(count int) { dropped += count }, func(string, string) {})
				if !reflect.DeepEqual(requests, one.Requests) || dropped != one.Dropped || !waiting.empty() {
					t.Errorf("requests %v, dropped %d", requests, dropped)
				}
				if len(pauses) != len(one.Pauses) {
					t.Fatalf("pauses %v", pauses)
				}
				for index, pause := range pauses {
					if seconds := pause.Seconds(); seconds < one.Pauses[index][0] || seconds > one.Pauses[index][1] {
						t.Errorf("pause %v is not within %v", pause, one.Pauses[index])
					} else if one.Pauses[index][0] < one.Pauses[index][1] && seconds == one.Pauses[index][0] {
						t.Errorf("there is no chance in pause %v", pause)
					}
				}
			})
		}
	}
}

type trap struct{}

func (trap) MarshalJSON() ([]byte, error) { panic("boom") }

func TestNothingPanics(t *testing.T) {
	e := silent(Config{ServerURL: "http://127.0.0.1:9"})
	for _, value := range []any{trap{}, math.NaN(), make(chan int), func() {}} {
		e.Emit(context.Background(), NewEvent("custom.tick", WithPayload(fields{"value": value})))
	}
	if got := e.Dropped()["invalid"]; got != 4 {
		t.Errorf("dropped %d", got)
	}
}

func TestClosed(t *testing.T) {
	e := NewEmitter(Config{ServerURL: "http://127.0.0.1:9"})
	e.Emit(context.Background(), NewEvent("custom.tick"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if e.Close(ctx) == nil {
		t.Error("Close says that all was sent")
	}
	e.Emit(context.Background(), NewEvent("custom.tick"))
	if got := e.Dropped(); !reflect.DeepEqual(got, map[string]int{"closed": 2}) {
		t.Errorf("dropped %v", got)
	}
}

func TestNoRoom(t *testing.T) {
	e := silent(Config{ServerURL: "http://127.0.0.1:9"})
	payload := fields{"text": strings.Repeat("x", 200_000)}
	var workers sync.WaitGroup
	for worker := 0; worker < 10; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for number := 0; number < 20; number++ {
				e.Emit(context.Background(), NewEvent("custom.tick", WithPayload(payload)))
			}
		}()
	}
	workers.Wait()
	if waiting := e.waiting.(*memory); waiting.bytes > memoryBytes || waiting.count()+e.Dropped()["full"] != 200 {
		t.Errorf("%d wait, dropped %v", waiting.count(), e.Dropped())
	}
}

func TestNoRoomInASpool(t *testing.T) {
	folder := t.TempDir()
	earlier := filepath.Join(folder, "earlier.jsonl")
	if os.WriteFile(earlier, nil, 0o600) != nil || os.Truncate(earlier, spoolBytes-10) != nil {
		t.Fatal("no file of an earlier process")
	}
	s, _ := newSpool(folder)
	if !s.add([]byte("123456789")) || s.add([]byte("1")) || len(s.names()) != 2 {
		t.Errorf("the spool holds %d bytes", s.bytes.Load())
	}
}

func TestASpoolOutlivesTheProcess(t *testing.T) {
	config := Config{ServerURL: "http://127.0.0.1:9", Spool: t.TempDir()}
	e := NewEmitter(config)
	e.Emit(context.Background(), NewEvent("custom.tick"))
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = e.Close(ended)
	if next := silent(config); next.waiting.empty() || len(e.Dropped()) > 0 {
		t.Errorf("nothing waits, dropped %v", e.Dropped())
	}
}
