package store

import "testing"

// What was read before a commit is not kept after it, whoever comes first.
func TestHeads(t *testing.T) {
	t.Parallel()
	h := &heads{of: map[int64]Head{}}
	_, before, known := h.get(1)
	if known {
		t.Error("a head is known that nobody has read")
	}
	h.forget()
	h.keep(1, Head{Rev: 1}, before)
	_, after, known := h.get(1)
	if known {
		t.Error("what was read before the commit is kept after it")
	}
	h.keep(1, Head{Rev: 2}, after)
	if head, _, known := h.get(1); !known || head.Rev != 2 {
		t.Errorf("%+v, %v", head, known)
	}
	if _, _, known := h.get(2); known {
		t.Error("another org's head is known")
	}
	h.forget()
	if _, _, known := h.get(1); known {
		t.Error("a head is known after a commit")
	}
}
