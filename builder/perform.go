package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// perform does jobs, up to Options.Jobs at once, and reports them in their order. After
// the first failure no other is begun, unless Options.KeepGoing is set: then all are that need none that failed.
func (b *build) perform(ctx context.Context, jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	// Unfinished files are on the same file system as finished ones, to be renamed.
	tmp, err := os.MkdirTemp(b.dir, tmpPrefix)
	if err != nil {
		return fmt.Errorf("make folder for unfinished files: %w", err)
	}
	defer os.RemoveAll(tmp)
	if b.started, err = startTime(filepath.Join(tmp, "started")); err != nil {
		return fmt.Errorf("read the clock of the build folder: %w", err)
	}

	p := &performer{build: b, jobs: jobs, tmp: tmp, ended: make(chan *job)}
	for {
		p.begin(ctx)
		p.report()
		if p.active == 0 {
			break
		}
		j := <-p.ended
		p.active--
		p.settle(j)
	}
	var errs []error
	for _, j := range jobs {
		errs = append(errs, j.err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// performer is the state of perform. Only the goroutine of perform touches it.
type performer struct {
	build    *build
	jobs     []*job
	tmp      string
	ended    chan *job
	active   int
	stop     bool // begin nothing more
	reported int  // jobs whose step and output were told, from the first on
	told     bool // the step of job number reported was told
}

// begin starts as many jobs as may run, in their order.
func (p *performer) begin(ctx context.Context) {
	for i, j := range p.jobs {
		if p.stop || ctx.Err() != nil || p.active >= p.build.opts.Jobs {
			return
		}
		if j.state != waiting || !p.ready(j) {
			continue
		}
		j.state = running
		p.active++
		go func() {
			dir := filepath.Join(p.tmp, strconv.Itoa(i))
			if j.err = os.Mkdir(dir, 0o777); j.err == nil {
				j.said, j.err = j.task.run(ctx, dir)
			}
			p.ended <- j
		}()
	}
}

// ready reports whether all that j needs is done. Where some of it failed, j is given up.
func (p *performer) ready(j *job) bool {
	for _, n := range j.needs {
		switch n.state {
		case failed:
			j.state = failed
			return false
		case waiting, running:
			return false
		}
	}
	return true
}

// settle takes note of a job that ended.
func (p *performer) settle(j *job) {
	if j.err == nil {
		j.err = j.task.finish()
	}
	j.state = succeeded
	if j.err != nil {
		j.state = failed
		p.stop = p.stop || !p.build.opts.KeepGoing
	}
}

// report tells of jobs, in their order, as far as it is known. A job that
// is running is told of, and the next only after it.
func (p *performer) report() {
	for ; p.reported < len(p.jobs); p.reported++ {
		j := p.jobs[p.reported]
		// Which command made an object is known once it did. What did not even begin, since it needs what failed, has no error; that of a job
		// that runs is not to be looked at.
		begun := j.state == running && !p.build.opts.Verbose || j.state == succeeded || j.state == failed && j.err != nil
		switch {
		case begun && !p.told:
			p.step(j)
			p.told = true
		case j.state == waiting && p.active > 0:
			return // it may begin yet
		}
		if j.state == running {
			return
		}
		if len(j.said) > 0 {
			p.build.told.output(j.unit.target, j.said)
		}
		p.told = false
	}
}

func (p *performer) step(j *job) {
	s := Step{
		Target:  j.unit.target,
		Verb:    j.verb,
		File:    j.file,
		Percent: (p.reported + 1) * 100 / len(p.jobs),
	}
	if p.build.opts.Verbose {
		s.Command = j.task.command()
	}
	p.build.told.step(s)
}

// maxTick is how long startTime waits for the clock of a file system, which mostly ticks every 4 ms. One
// that ticks by the second may cost a file that was written in the same second another build.
const maxTick = 20 * time.Millisecond

// startTime returns a change time that is later than that of all files written before, by the file
// system's own clock. It makes a file at path to read it.
func startTime(path string) (int64, error) {
	var first int64
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		if err := os.WriteFile(path, []byte{0}, 0o666); err != nil {
			return 0, err
		}
		stat, err := statFile(path)
		if err != nil {
			return 0, err
		}
		if first == 0 {
			first = stat.ChangeTime
		}
		if stat.ChangeTime != first || time.Since(began) > maxTick {
			return stat.ChangeTime, nil
		}
	}
}
