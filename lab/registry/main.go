// The OCI registry of the lab's mirror: the real distribution, with the file system as its only storage driver.
// Upstream's own main also links the drivers of three clouds, which would double the time of a cold build.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
