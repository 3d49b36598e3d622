// The sandbox container of every pod in the lab: holds the namespaces open, reaps orphans, ends on a signal.
// It stands in for upstream's build/pause/linux/pause.c, which no Go module carries; its behaviour is the same:
// exit 0 on SIGINT and SIGTERM, wait4 on SIGCHLD (it is process 1 when a pod shares its process namespace).
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Set by the build to the tag of the image.
var version = "unknown"

func main() {
	for _, argument := range os.Args[1:] {
		if argument == "-v" {
			fmt.Println("pause.go", version)
			return
		}
	}
	received := make(chan os.Signal, 16)
	signal.Notify(received, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for {
		if got := <-received; got != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// One SIGCHLD may stand for many children.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			return
		}
	}
}
