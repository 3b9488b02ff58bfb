// Package sdk tells agentmon what an AI agent does: sessions, runs and spans. See ../README.md, and ../../README.md for
// what is promised.
package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

const closeTime = 5 * time.Second

// Config says where events go and who sends them. What is empty is read from the environment (../../README.md).
type Config struct {
	ServerURL string // of the gateway, as http://localhost:8080
	Token     string
	Framework string // the kind of agent
	ClientID  string // which installation of it
	Host      string // the machine it runs on
	Spool     string // a folder where events wait; empty: in memory
}

// Emitter sends events from a goroutine of its own. Its methods may be called from any goroutine, never panic, and
// never wait for the network but Flush and Close.
type Emitter struct {
	source  source
	capture bool
	gateway *gateway // nil: there is none
	waiting waiting
	wake    chan struct{}
	hurry   chan struct{}
	running context.Context
	stop    context.CancelFunc
	ended   chan struct{} // closed by the goroutine that sends

	mutex   sync.Mutex // guards what follows
	closed  bool
	dropped map[string]int
	said    map[string]bool
}

// NewEmitter never fails: what is wrong with the configuration is said on standard error, and events are dropped then.
func NewEmitter(config Config) *Emitter {
	name := or(os.Getenv("AGENTMON_VM_NAME"), hostname())
	e := &Emitter{
		source:  source{config.Framework, or(config.ClientID, name), or(config.Host, name)},
		capture: true,
		waiting: &memory{},
		wake:    make(chan struct{}, 1),
		hurry:   make(chan struct{}, 1),
		ended:   make(chan struct{}),
		dropped: map[string]int{},
		said:    map[string]bool{},
	}
	switch strings.ToLower(strings.TrimSpace(os.Getenv("AGENTMON_CAPTURE_CONTENT"))) {
	case "0", "no", "off", "false":
		e.capture = false
	}
	e.running, e.stop = context.WithCancel(context.Background())
	var err error
	e.gateway, err = newGateway(or(config.ServerURL, os.Getenv("AGENTMON_INGEST_URL")),
		or(config.Token, os.Getenv("AGENTMON_INGEST_TOKEN")))
	if err != nil {
		e.say("no_gateway", err.Error()+"; nothing is sent")
		return e
	}
	if config.Spool != "" {
		if folder, err := newSpool(config.Spool); err == nil {
			e.waiting = folder
		} else {
			e.say("spool", "the spool cannot be used, events wait in memory: "+err.Error())
		}
	}
	go e.work()
	return e
}

// Emit tells one event. Without a session id it belongs to the scope that ctx carries.
func (e *Emitter) Emit(ctx context.Context, event Event) {
	defer func() {
		if fault := recover(); fault != nil { // as of a payload's own MarshalJSON
			e.drop("invalid", fmt.Sprintf("%s cannot be told: %v", event.Type, fault), 1)
		}
	}()
	if event.SessionID == "" {
		event.correlation = around(ctx)
	}
	if event.source == (source{}) {
		event.source = e.source
	}
	if e.gateway == nil {
		e.drop("no_gateway", "", 1)
		return
	}
	if e.isClosed() {
		e.drop("closed", "an event was told after Close", 1)
		return
	}
	text, err := event.encode(e.capture)
	switch {
	case errors.Is(err, errTooLarge):
		e.drop("too_large", event.Type+" is too large", 1)
	case err != nil:
		e.drop("invalid", fmt.Sprintf("%s cannot be told: %v", event.Type, err), 1)
	case !e.waiting.add(text):
		e.drop("full", "there is no more room for events that wait", 1)
	default:
		signal(e.wake)
	}
}

// Flush sends what waits, without pausing first; an error when something still waits at the end of ctx.
func (e *Emitter) Flush(ctx context.Context) error {
	signal(e.hurry)
	for !e.waiting.empty() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("agentmon: events still wait: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// Close takes no more events, and flushes, for at most 5 seconds when ctx has no deadline. What is in memory then is
// dropped.
func (e *Emitter) Close(ctx context.Context) error {
	e.mutex.Lock()
	again := e.closed
	e.closed = true
	e.mutex.Unlock()
	if again || e.gateway == nil {
		return nil
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, closeTime)
		defer cancel()
	}
	err := e.Flush(ctx)
	e.stop()
	<-e.ended // at once: its request is given up
	if left, inMemory := e.waiting.(*memory); inMemory && left.count() > 0 {
		e.drop("closed", "the gateway was away until the end", left.count())
	}
	return err
}

// Dropped is how many events were dropped, by reason.
func (e *Emitter) Dropped() map[string]int {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	copied := map[string]int{}
	for reason, count := range e.dropped {
		copied[reason] = count
	}
	return copied
}

func (e *Emitter) work() {
	defer close(e.ended)
	for {
		drain(e.waiting, e.post, e.pause, func(count int) { e.drop("rejected", "", count) }, e.say)
		select {
		case <-e.wake:
		case <-e.running.Done():
			return
		}
	}
}

func (e *Emitter) post(events [][]byte) (answer, error) { return e.gateway.post(e.running, events) }

// pause is false when the emitter stops.
func (e *Emitter) pause(duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.hurry:
	case <-e.running.Done():
	}
	return e.running.Err() == nil
}

func (e *Emitter) isClosed() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.closed
}

func (e *Emitter) drop(reason, why string, count int) {
	e.mutex.Lock()
	e.dropped[reason] += count
	e.mutex.Unlock()
	if why != "" {
		e.say(reason, why+": dropped ("+reason+")")
	}
}

// say is for people, once of each kind.
func (e *Emitter) say(kind, text string) {
	e.mutex.Lock()
	again := e.said[kind]
	e.said[kind] = true
	e.mutex.Unlock()
	if !again {
		fmt.Fprintln(os.Stderr, "agentmon:", text)
	}
}

func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

func or(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}

func hostname() string {
	name, _ := os.Hostname()
	return or(name, "unknown")
}
