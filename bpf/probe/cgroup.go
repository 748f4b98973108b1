package probe

import (
	"bufio"
	"os"
	"strings"
)

// Cgroup2 returns where the cgroup2 file system is mounted, or "".
func Cgroup2() string {
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if fields := strings.Fields(s.Text()); len(fields) > 2 && fields[2] == "cgroup2" {
			return fields[1]
		}
	}
	return ""
}
