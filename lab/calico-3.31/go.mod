// Nothing is built of it: the lab's mirror takes the manifest out of the module (src/lab/content/mirror-content.ts). The
// commit is that of the tag v3.31.0, which is no version of a Go module; its go.mod cannot be tidied from outside.
module provision.invalid/lab/calico-3.31

go 1.25.0

require github.com/projectcalico/calico v0.0.0-20251021213802-b1f3c43f8437
