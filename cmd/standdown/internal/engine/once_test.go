package engine_test

import "testing"

func TestAMailIsReadInTwoCalls(t *testing.T) {
	for name, text := range map[string]string{
		"that names its contract": "Please cancel my contract C-204417, we are moving.",
		"that names none":         "Please cancel my contract, we are moving.",
	} {
		t.Run("one "+name, func(t *testing.T) {
			w := newWorld(t)
			look := &counter{Lookup: w.org}
			w.engine.Lookup = look
			w.engine.Autonomy["cancel-workflow"] = "approve" // what changes the org is heard of, and read again
			w.start()
			w.mail(1, text)
			w.rest()
			w.want("cancel-workflow proposed, post-comment pending, notify-parties pending", "Active", 0, 0)
			// For the workflow, and for what belongs to it; and once for all mails
			// for the queue.
			if n := look.calls.Load(); n != 3 {
				t.Errorf("the org was asked %d times, want 3", n)
			}
		})
	}
}
