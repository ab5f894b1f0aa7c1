package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// days is a flag that is a number of days within bounds, such as 180d, or never.
type days struct{ n, least, most int }

// String, Set and Type make it a flag's value.
func (d *days) String() string {
	if d.n == 0 {
		return "never"
	}
	return fmt.Sprintf("%dd", d.n)
}

func (d *days) Set(s string) error {
	if s == "never" {
		d.n = 0
		return nil
	}
	digits, ok := strings.CutSuffix(s, "d")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return errors.New("it is a number of days such as 180d, or never")
	}
	if n < d.least || n > d.most {
		return fmt.Errorf("it is from %dd to %dd, or never", d.least, d.most)
	}
	d.n = n
	return nil
}

func (d *days) Type() string { return "DAYS" }

func (d *days) duration() time.Duration { return time.Duration(d.n) * 24 * time.Hour }
