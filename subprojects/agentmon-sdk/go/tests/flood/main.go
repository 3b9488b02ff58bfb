// Tells 10,000 events from 50 goroutines within some four seconds, and prints what was dropped: flood NAME
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"agentmon/sdk"
)

func main() {
	emitter := sdk.NewEmitter(sdk.Config{Framework: os.Args[1]})
	var workers sync.WaitGroup
	for worker := 0; worker < 50; worker++ {
		workers.Add(1)
		go func(worker int) {
			defer workers.Done()
			for number := 0; number < 200; number++ {
				payload := map[string]any{"worker": worker, "number": number}
				emitter.Emit(context.Background(), sdk.NewEvent("flood.tick", sdk.WithPayload(payload)))
				time.Sleep(20 * time.Millisecond)
			}
		}(worker)
	}
	workers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := emitter.Close(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	dropped, _ := json.Marshal(emitter.Dropped())
	fmt.Println(string(dropped))
}
