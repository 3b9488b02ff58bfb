package sdk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchEvents = 500
	batchBytes  = 1 << 20
	memoryBytes = 32 << 20
	spoolBytes  = 64 << 20
)

// mark is what remove needs to forget the events of a request.
type mark struct {
	count int
	names []string
}

func (m mark) empty() bool { return m.count == 0 && len(m.names) == 0 }

// waiting is what waits for the gateway.
type waiting interface {
	add(event []byte) bool // false when there is no room
	empty() bool
	turn() (done func(), mine bool) // not mine: another process sends at this moment
	next() ([][]byte, mark)         // the oldest events, at most one request full of them
	remove(mark)
}

// memory holds events that are gone with the process.
type memory struct {
	mutex  sync.Mutex
	events [][]byte
	bytes  int
}

func (m *memory) add(event []byte) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.bytes+len(event) > memoryBytes {
		return false
	}
	m.bytes += len(event)
	m.events = append(m.events, event)
	return true
}

func (m *memory) count() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return len(m.events)
}

func (m *memory) empty() bool { return m.count() == 0 }

func (m *memory) turn() (func(), bool) { return func() {}, true }

func (m *memory) next() ([][]byte, mark) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	count, size := 0, 0
	for count < len(m.events) && count < batchEvents {
		size += len(m.events[count])
		if count > 0 && size > batchBytes {
			break
		}
		count++
	}
	return m.events[:count:count], mark{count: count}
}

func (m *memory) remove(done mark) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, event := range m.events[:done.count] {
		m.bytes -= len(event)
	}
	m.events = m.events[done.count:]
}

// spool holds events in a folder, a file each, named by time: there whole or not at all, and until the gateway has them.
// Processes that share a folder send in turns, each what all have told.
type spool struct {
	folder string
	number atomic.Int64
	bytes  atomic.Int64
}

func newSpool(folder string) (*spool, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	s := &spool{folder: folder}
	for _, name := range s.names() {
		if status, err := os.Stat(filepath.Join(folder, name)); err == nil {
			s.bytes.Add(status.Size())
		}
	}
	return s, nil
}

func (s *spool) add(event []byte) bool {
	if s.bytes.Load()+int64(len(event)) > spoolBytes {
		return false
	}
	name := fmt.Sprintf("%017d-%09d-%d", time.Now().UnixMicro(), s.number.Add(1), os.Getpid())
	path := filepath.Join(s.folder, name)
	if os.WriteFile(path+".part", append(event, '\n'), 0o600) != nil || os.Rename(path+".part", path+".jsonl") != nil {
		_ = os.Remove(path + ".part")
		return false
	}
	s.bytes.Add(int64(len(event)) + 1)
	return true
}

func (s *spool) empty() bool { return len(s.names()) == 0 }

// turn: the system takes the lock from a process that dies. Where nothing can be locked everybody sends: some events
// twice, which are stored once.
func (s *spool) turn() (func(), bool) {
	file, err := os.OpenFile(filepath.Join(s.folder, "sending"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return func() {}, true
	}
	return func() { _ = file.Close() }, lock(file)
}

func (s *spool) next() (events [][]byte, done mark) {
	size := 0
	for _, name := range s.names() {
		// A file of the TypeScript client may hold several events; one that another process has sent is gone.
		text, _ := os.ReadFile(filepath.Join(s.folder, name))
		var lines [][]byte
		for _, line := range bytes.Split(text, []byte{'\n'}) {
			if len(line) > 0 {
				lines = append(lines, line)
			}
		}
		size += len(text) - len(lines)
		if len(done.names) > 0 && (size > batchBytes || len(events)+len(lines) > batchEvents) {
			break
		}
		events = append(events, lines...)
		done.names = append(done.names, name)
	}
	return events, done
}

func (s *spool) remove(done mark) {
	for _, name := range done.names {
		path := filepath.Join(s.folder, name)
		if status, err := os.Stat(path); err == nil && os.Remove(path) == nil {
			s.bytes.Add(-status.Size())
		}
	}
}

func (s *spool) names() []string {
	entries, _ := os.ReadDir(s.folder)
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".jsonl") {
			names = append(names, entry.Name())
		}
	}
	sort.Strings(names)
	return names
}
