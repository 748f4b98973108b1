package bpf

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"
)

// Where the kernel has no link for many functions, each has a probe of its own.

// slow is how many probes take the kernel seconds to take away again.
const slow = 100

// warnOneByOne tells why the end of a run takes long: it is the kernel that waits then, whatever loader made the probes.
func (p *point) warnOneByOne(functions int) {
	if functions > slow {
		p.notice(fmt.Sprintf("%s: on this kernel %d functions are probed one by one; to end that may take some ten milliseconds for each", p.name, functions))
	}
}

// tooManyFiles is the error of EMFILE.
func tooManyFiles(functions int) error {
	return fmt.Errorf("this kernel needs two file descriptors for each of %d functions; raise the limit with ulimit -n", functions)
}

// cannotProbe reports whether the kernel refuses a place for what is there: instructions that it cannot step over.
func cannotProbe(err error) bool {
	const notSupported = unix.Errno(524) // ENOTSUPP, which the kernel has for itself
	return errors.Is(err, notSupported) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EILSEQ)
}

// concurrently closes all at once: for each probe that is taken away the kernel waits several times until no CPU is in it, in part for
// one after the other, in part for all.
type concurrently []io.Closer

func (c concurrently) Close() error {
	const workers = 64
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range min(workers, len(c)) {
		wg.Go(func() {
			for i := w; i < len(c); i += workers {
				errs[w] = errors.Join(errs[w], c[i].Close())
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
