// Package mailbox reads a mailbox over IMAP, says what is in its messages, and
// sends mail over SMTP.
//
// It moves mail and describes it. What a mail asks for, and whether its sender
// may ask, is not decided here: the text is divided into labelled segments and
// never shortened, and the sender's authentication is reported as a verdict
// with its reason.
//
// It promises that no delivery is missed or reported out of order while the
// mailbox exists: the cursor holds UIDVALIDITY and the last UID, never flags,
// so a mail that a person has opened is read all the same. A mail that cannot
// be parsed, is too large, or that the server will not hand out is reported
// like any other, with the field "error" set. Sending promises what
// connectors.Sink asks; see [Sink] for what that rests on.
//
// # Fields of a message record
//
//	message_id     string, without angle brackets; "" if the mail has none
//	from           string, the address of the only sender, lower case; "" if
//	               there is not exactly one
//	from_name      string, the sender's display name, as claimed
//	reply_to       list of addresses
//	to, cc         lists of addresses
//	subject        string
//	date           string, RFC 3339 in UTC, as claimed by the sender, or nil
//	in_reply_to    string, a message id without angle brackets
//	references     list of message ids without angle brackets
//	segments       list of maps: kind, from, from_name, subject, depth, text
//	alternative    list of maps like segments: what the HTML form says, where the
//	               plain form says something else
//	hidden         string, the text in HTML that is not shown
//	attachments    list of maps: name, type, size
//	auto           string: "" or auto-replied, auto-generated, bulk, list, dsn,
//	               mdn, calendar
//	own_key        string, the key of our own change that this mail carries, or
//	               the mark that is left of it if Salesforce sent the mail
//	auth           string: pass, fail, none
//	auth_reason    string, for people
//	sha256         string, hexadecimal, of the bytes as received; "" if there
//	               are none
//	size           number of bytes
//	error          string, what kept the mail from being read, or nil
//
// All fields are present in every message record, whatever happened to it.
package mailbox
