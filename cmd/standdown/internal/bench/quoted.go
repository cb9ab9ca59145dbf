package bench

// Figures of n8n and Node-RED are quoted: they were recorded by hand, on another
// machine of two cores, in the same workloads against the same kind of servers
// (Dovecot 2.3 with a Maildir, an IMAP server in memory, an org that counts
// calls). Both acted on a mail by one PATCH over their HTTP nodes.
const (
	n8n     = "n8n 2.40.7"
	nodeRED = "Node-RED 5.0"

	recorded = "Quoted figures were recorded by hand in 2026, before this program was written, on another machine with two cores (Node-RED with its e-mail node 5.2.5)."
)

// quote adds recorded figures to a case.
func quote(c *Case, who, remark string, values map[string]float64) {
	e := &Entrant{Name: who, Quoted: true, Remark: remark, Values: map[string]Value{}}
	for figure, v := range values {
		e.Values[figure] = Value{v, v, v}
	}
	c.Entrants = append(c.Entrants, e)
}

func quoteArrival(c *Case, dovecot bool) {
	if dovecot {
		quote(c, n8n, "", map[string]float64{"p50": 354, "p99": 702, "calls": 1})
		quote(c, nodeRED, "", map[string]float64{"p50": 309, "p99": 585, "calls": 1})
		return
	}
	quote(c, nodeRED, "", map[string]float64{"p50": 7.9, "p99": 48, "calls": 1})
}

func quoteBurst(c *Case) {
	quote(c, n8n, "sending took 6.7 s of it", map[string]float64{"written": 10.5, "effects": 1, "calls": 1, "memory": 748, "cpu": 8})
	quote(c, nodeRED, "sending took 7 to 14 s of it; 36,562 writes for 1,000 mails", map[string]float64{"written": 33.9, "effects": 36.562, "calls": 36.562, "memory": 631, "cpu": 14.9})
}

func quoteCrash(c *Case) {
	quote(c, n8n, "killed once in a burst of 600 mails: 100 marked as read and never acted upon, 340 untouched until the next mail", map[string]float64{"lost": 440, "doubled": 0})
	quote(c, nodeRED, "killed once in a burst of 600 mails", map[string]float64{"lost": 28, "doubled": 446})
}

func quoteBacklog(c *Case) {
	quote(c, n8n, "940 unread mails were untouched after 60 s; after one new mail they took 11.8 s", nil)
}

func quoteLinks(c *Case) {
	quote(c, n8n, "half-open: nothing noticed in 25 minutes, /healthz and /healthz/readiness said ok", nil)
	quote(c, nodeRED, "half-open: nothing noticed in 25 minutes", nil)
	quote(c, "imapflow 1.7.8", "half-open: noticed after 9 min 58 s, then ended by an unhandled error", map[string]float64{"red": 598})
}

func quoteWriteBack(c *Case, jobs int) {
	quote(c, n8n, "its Salesforce node makes a call for each record (read in its source)", map[string]float64{"calls": float64(3 * jobs)})
}

func quoteIdle(c *Case) {
	quote(c, n8n, "423 to 748 MB, and 146 MB for its task runner", map[string]float64{"memory": 423 + 146})
	quote(c, nodeRED, "125 to 163 MB", map[string]float64{"memory": 125})
}

func quoteStart(c *Case) {
	quote(c, n8n, "", map[string]float64{"ready": 10_000})
	quote(c, nodeRED, "", map[string]float64{"ready": 1_260})
}
