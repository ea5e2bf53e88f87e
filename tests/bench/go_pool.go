// SPDX-License-Identifier: BSD-2-Clause
// The peer in Go: the worker-pool pattern of goroutines and buffered channels. A Job carries its
// descriptor, its function and its arguments; a Result carries the value, the error and the
// descriptor; every worker selects on the jobs and on the context.
//
// Type parameters keep arguments and values out of interfaces, and the buffers are deep enough that
// a worker seldom parks: as fast as the pattern goes without giving up its shape.
//
//	go_pool JOBS WORKERS [BUFFER]
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type Descriptor struct {
	ID uint64
}

type ExecFn[A, V any] func(ctx context.Context, args A) (V, error)

type Job[A, V any] struct {
	Descriptor Descriptor
	ExecFn     ExecFn[A, V]
	Args       A
}

type Result[V any] struct {
	Value      V
	Err        error
	Descriptor Descriptor
}

func (j Job[A, V]) execute(ctx context.Context) Result[V] {
	value, err := j.ExecFn(ctx, j.Args)
	return Result[V]{Value: value, Err: err, Descriptor: j.Descriptor}
}

func worker[A, V any](ctx context.Context, wg *sync.WaitGroup, jobs <-chan Job[A, V], results chan<- Result[V]) {
	defer wg.Done()
	for {
		select {
		case job, ok := <-jobs:
			if !ok {
				return
			}
			results <- job.execute(ctx)
		case <-ctx.Done():
			results <- Result[V]{Err: ctx.Err()}
			return
		}
	}
}

type WorkerPool[A, V any] struct {
	workers int
	jobs    chan Job[A, V]
	results chan Result[V]
}

func New[A, V any](workers, buffer int) *WorkerPool[A, V] {
	return &WorkerPool[A, V]{
		workers: workers,
		jobs:    make(chan Job[A, V], buffer),
		results: make(chan Result[V], buffer),
	}
}

func (p *WorkerPool[A, V]) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for i := 0; i < p.workers; i++ {
		wg.Add(1)
		go worker(ctx, &wg, p.jobs, p.results)
	}
	wg.Wait()
	close(p.results)
}

func (p *WorkerPool[A, V]) GenerateFrom(ctx context.Context, generate func() (Job[A, V], bool)) {
	defer close(p.jobs)
	for job, ok := generate(); ok; job, ok = generate() {
		select {
		case p.jobs <- job:
		case <-ctx.Done():
			return
		}
	}
}

func value(i uint64) uint64 { return 3*i + 7 }

func mix(i uint64) uint64 {
	i = (i ^ (i >> 31)) * 0x9e3779b97f4a7c15
	return i ^ (i >> 29)
}

func number(k int, otherwise int) int {
	if len(os.Args) <= k {
		return otherwise
	}
	n, err := strconv.Atoi(os.Args[k])
	if err != nil || n <= 0 {
		fmt.Fprintln(os.Stderr, "usage: go_pool JOBS WORKERS [BUFFER]")
		os.Exit(1)
	}
	return n
}

func measure(n uint64, workers, buffer int) time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	exec := func(_ context.Context, args uint64) (uint64, error) { return value(args), nil }
	pool := New[uint64, uint64](workers, buffer)
	start := time.Now()
	next := uint64(0)
	go pool.GenerateFrom(ctx, func() (Job[uint64, uint64], bool) {
		if next == n {
			return Job[uint64, uint64]{}, false
		}
		i := next
		next++
		return Job[uint64, uint64]{Descriptor{i}, exec, i}, true
	})
	go pool.Run(ctx)
	var count, sum, want uint64
	for result := range pool.results {
		if result.Err != nil || result.Value != value(result.Descriptor.ID) {
			fmt.Fprintln(os.Stderr, "go_pool: a wrong value")
			os.Exit(1)
		}
		count++
		sum += mix(result.Descriptor.ID)
	}
	elapsed := time.Since(start)
	for i := uint64(0); i < n; i++ {
		want += mix(i)
	}
	if count != n || sum != want {
		fmt.Fprintln(os.Stderr, "go_pool: a result is missing, or came twice")
		os.Exit(1)
	}
	return elapsed
}

func main() {
	n, workers, buffer := number(1, 2000000), number(2, 2), number(3, 1024)
	runtime.GOMAXPROCS(workers)
	measure(uint64(n)/10+1, workers, buffer)
	elapsed := measure(uint64(n), workers, buffer)
	fmt.Printf("rate\t%.6g\tjobs/s\n", float64(n)/elapsed.Seconds())
}
