//go:build !amd64 && !arm64 && !riscv64

package sysnr

var names []string
