// Tells 10,000 events from 50 goroutines, in three parts; before the second and the third it waits for a line. Prints
// what was dropped. flood NAME [SPOOL]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"agentmon/sdk"
)

func main() {
	emitter := sdk.NewEmitter(sdk.Config{Framework: os.Args[1], Spool: strings.Join(os.Args[2:], "")})
	input := bufio.NewReader(os.Stdin)
	for _, part := range [][2]int{{0, 80}, {80, 160}, {160, 200}} {
		if part[0] > 0 {
			_, _ = input.ReadString('\n')
		}
		var workers sync.WaitGroup
		for worker := 0; worker < 50; worker++ {
			workers.Add(1)
			go func(worker, first, end int) {
				defer workers.Done()
				for number := first; number < end; number++ {
					payload := map[string]any{"worker": worker, "number": number}
					emitter.Emit(context.Background(), sdk.NewEvent("flood.tick", sdk.WithPayload(payload)))
					time.Sleep(20 * time.Millisecond)
				}
			}(worker, part[0], part[1])
		}
		workers.Wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := emitter.Close(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	dropped, _ := json.Marshal(emitter.Dropped())
	fmt.Println(string(dropped))
}
