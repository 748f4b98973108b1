# Every target works alone on a fresh Debian or Ubuntu machine, as root or with sudo: what it
# needs is installed first (.ci/setup), and nothing else is.

GO      := .ci/go
PREFIX  ?= /usr/local
VERSION := $(shell git describe --tags --dirty --match 'v*' 2>/dev/null || echo devel)
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# Functions begin at multiples of 16 bytes in place of 32, which saves 120 KB; a Lua loop runs as fast.
LDFLAGS := -s -w -funcalign=16 -X main.release=$(VERSION) -X main.commit=$(COMMIT)

# The command's parser has a generator of manuals, which nothing here calls.
TAGS    := urfave_cli_no_docs

# The limit for the binary, in bytes: it is meant to be copied to servers.
MAX_SIZE := 14680064

.PHONY: build demo test test-vm kinds bench lint generate vmlinux install clean

build:
	@.ci/setup build
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -trimpath -ldflags "$(LDFLAGS)" -o bin/ebpfx ./cmd/ebpfx
	@test $$(stat -c %s bin/ebpfx) -le $(MAX_SIZE) || { echo "bin/ebpfx is larger than $(MAX_SIZE) bytes" >&2; exit 1; }

# The opensnoop example, live, for a few seconds.
demo:
	@.ci/setup demo
	@$(MAKE) --no-print-directory build
	@.ci/demo

test:
	@.ci/setup test
	@.ci/test

# The kernel's tests on other kernels, in virtual machines: make test-vm KERNELS="6.1 5.10"
test-vm:
	@.ci/setup vm
	@$(MAKE) --no-print-directory build
	@.ci/test-vm $(KERNELS)

# The README's table of ways to attach and kernels, from what their tests see on each.
kinds:
	@KINDS=1 TESTS=TestKind $(MAKE) --no-print-directory test-vm

# Events a second, as ratios to a raw reader in the same run, the start beside bpftrace's, and builds beside make's.
bench:
	@.ci/setup bench
	@$(MAKE) --no-print-directory build
	@.ci/bench

lint:
	@.ci/setup lint
	@.ci/lint

# The BPF programs that tests and benchmarks embed.
generate:
	@.ci/setup lint
	$(GO) generate ./...

# The merged vmlinux.h in the binary, from the kernels that Debian has now. They are fetched by apt, which needs no privileges
# for that: some 300 MB, and a few minutes.
vmlinux:
	@.ci/setup vmlinux
	$(GO) run ./builder/vmlinux/internal/make

install: build
	@.ci/install "$(DESTDIR)$(PREFIX)"

clean:
	rm -rf bin
	find examples -name .ebpfx -type d -prune -exec rm -rf {} +
