package reader

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamesAndAddressesAreKeptForThePersonWhoReviews(t *testing.T) {
	for _, c := range []struct {
		name, text        string
		people, addresses []string
	}{
		{"before an address", "Please cancel the contract of Maria Alvarez, 14 Juniper Lane, Austin, TX 78701.", []string{"Maria Alvarez"}, []string{"14 Juniper Lane, Austin, TX 78701"}},
		{"below the text", "I want to cancel my contract.\n\nThanks,\nDaniel R. Okafor\n9 Hill St.\n", []string{"Daniel R. Okafor"}, []string{"9 Hill St"}},
		{"introduced", "My name is Sam Ito. I want to cancel my contract for 2210 N Meadow Creek Dr Apt 4.", []string{"Sam Ito"}, []string{"2210 N Meadow Creek Dr Apt 4"}},
		{"in Spanish", "Soy María de la Cruz y vivo en Calle Hidalgo 14. Quiero cancelar mi contrato.", []string{"María de la Cruz"}, []string{"Calle Hidalgo 14"}},
		{"nothing of the kind", "I want to cancel my contract C-204417, signed on May 3 for 20 years.", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Read(own(c.text), Patterns{})
			if diff := cmp.Diff(c.people, got.People); diff != "" {
				t.Errorf("people differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.addresses, got.Addresses); diff != "" {
				t.Errorf("addresses differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTwoFormsOfATextMustAskForTheSame(t *testing.T) {
	const asks, thanks = "I want to cancel my contract.", "Thank you for the visit of the crew."
	for _, c := range []struct{ name, text, alternative, hidden, want string }{
		{"both ask", asks, "Hello. " + asks, "", Request},
		{"only the plain one asks", asks, thanks, "", Unclear},
		{"only the other asks", thanks, asks, "", Unclear},
		{"they ask for different things", asks, "I want to restore my contract.", "", Unclear},
		{"neither asks", thanks, "Thank you.", "", None},
		{"hidden text asks", thanks, "", asks, Unclear},
		{"hidden text denies", asks, "", "never", Unclear},
		{"hidden text says nothing", asks, "", "ref:00D1", Request},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := own(c.text)
			if c.alternative != "" {
				m.Alternative = own(c.alternative).Segments
			}
			m.Hidden = c.hidden
			if got := Read(m, Patterns{}); got.Verdict != c.want {
				t.Errorf("reads %s (%s), want %s", got.Verdict, got.Why, c.want)
			}
		})
	}
}
