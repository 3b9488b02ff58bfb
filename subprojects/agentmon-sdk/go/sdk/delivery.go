package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	postTime          = 15 * time.Second
	firstPause        = 500 * time.Millisecond
	lastPause         = time.Minute
	turnPause         = 100 * time.Millisecond
	refusedPause      = time.Minute
	longestRetryAfter = 5 * time.Minute
	answerBytes       = 8 << 20 // of an answer that is read
)

type answer struct {
	status     int
	retryAfter string
	body       []byte
}

// later: the gateway has none of the events; they may be sent again, after pause if it is not negative.
type later struct {
	why   string
	pause time.Duration
}

func (l later) Error() string { return l.why }

// unfit: it will not take this request, ever.
type unfit struct{ why string }

func (u unfit) Error() string { return u.why }

// drain sends what waits, oldest first, until nothing is left or pause is false. rejected is told what was dropped.
func drain(waiting waiting, post func([][]byte) (answer, error), pause func(time.Duration) bool, rejected func(int),
	say func(kind, text string)) {
	random := rand.New(rand.NewSource(time.Now().UnixNano()))
	for failures := 0; !waiting.empty(); {
		done, mine := waiting.turn()
		if !mine {
			done()
			if !pause(turnPause) {
				return
			}
			continue
		}
		events, mark := waiting.next()
		count, err := deliver(events, post, say)
		if wait, mustWait := err.(later); mustWait {
			done()
			say("waiting", wait.why+"; events wait here")
			if wait.pause < 0 {
				wait.pause = pauseAfter(failures, random)
			}
			failures++
			if !pause(wait.pause) {
				return
			}
			continue
		}
		failures = 0
		waiting.remove(mark)
		done()
		if count > 0 {
			rejected(count)
		}
	}
}

// deliver gives how many were rejected, or later. A request that is refused whole is halved, so that a bad event does
// not cost the others.
func deliver(events [][]byte, post func([][]byte) (answer, error), say func(kind, text string)) (int, error) {
	if len(events) == 0 {
		return 0, nil
	}
	got, err := post(events)
	if err != nil {
		return 0, later{fmt.Sprintf("the gateway cannot be reached (%v)", err), -1}
	}
	count, err := judge(got, say)
	if _, refused := err.(unfit); !refused {
		return count, err
	}
	if len(events) == 1 {
		say("rejected", err.Error()+"; that event is dropped")
		return 1, nil
	}
	half := (len(events) + 1) / 2
	first, err := deliver(events[:half], post, say)
	if err != nil {
		return 0, err
	}
	second, err := deliver(events[half:], post, say)
	return first + second, err
}

func judge(got answer, say func(kind, text string)) (int, error) {
	switch said := fmt.Sprintf("the gateway answered %d", got.status); {
	case got.status == http.StatusAccepted:
		var stored struct {
			Accepted *int              `json:"accepted"`
			Rejected []json.RawMessage `json:"rejected"`
		}
		if json.Unmarshal(got.body, &stored) != nil || stored.Accepted == nil {
			return 0, later{"what answers is no agentmon gateway", refusedPause}
		}
		if len(stored.Rejected) > 0 {
			say("rejected", fmt.Sprintf("the gateway refused events: %.500s", stored.Rejected))
		}
		return len(stored.Rejected), nil
	case got.status == 400 || got.status == 413 || got.status == 422:
		return 0, unfit{fmt.Sprintf("%s: %.300s", said, got.body)}
	case got.status == 429 || got.status >= 500:
		return 0, later{said, pauseOf(got.retryAfter)}
	default:
		return 0, later{said + ": are its URL and token right?", refusedPause}
	}
}

// pauseOf reads Retry-After, seconds or a date; negative when it is neither.
func pauseOf(header string) time.Duration {
	pause := time.Duration(-1)
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		pause = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		if pause = time.Until(date); pause < 0 {
			pause = 0
		}
	}
	if pause > longestRetryAfter {
		pause = longestRetryAfter
	}
	return pause
}

// pauseAfter has a random part, so that many clients do not come back in the same instant.
func pauseAfter(failures int, random *rand.Rand) time.Duration {
	pause := math.Min(float64(firstPause)*math.Pow(2, float64(failures)), float64(lastPause))
	return time.Duration(pause * (1 + random.Float64()/2))
}

type gateway struct {
	url    string
	token  string
	client http.Client
}

func newGateway(address, token string) (*gateway, error) {
	address = strings.TrimSpace(address)
	parsed, err := url.Parse(address)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Hostname() == "" {
		return nil, fmt.Errorf("AGENTMON_INGEST_URL must be the gateway's URL, as http://localhost:8080, not %q", address)
	}
	address = strings.TrimRight(address, "/")
	if !strings.HasSuffix(address, "/v1/events") {
		address += "/v1/events"
	}
	return &gateway{url: address, token: token, client: http.Client{
		Timeout:       postTime,
		Transport:     &http.Transport{IdleConnTimeout: lastPause, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (g *gateway) post(ctx context.Context, events [][]byte) (answer, error) {
	body := append(append([]byte{'['}, bytes.Join(events, []byte{','})...), ']')
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header["Idempotency-Key"] = nil // not sent: only allows a second try when a kept connection was closed
	if g.token != "" {
		request.Header.Set("Authorization", "Bearer "+g.token)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	return answer{response.StatusCode, response.Header.Get("Retry-After"), text}, err
}
