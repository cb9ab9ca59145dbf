package web

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// An issuer identifies everybody as whom its claims say, as far as the protocol
// goes: the code flow with PKCE.
type issuer struct {
	*httptest.Server
	claims jwt.MapClaims // beyond what the protocol needs; they win
	key    *rsa.PrivateKey
	asked  url.Values // of the last authorization
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "alg": "RS256", "kid": "k", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB",
		}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		i.asked = r.URL.Query()
		http.Redirect(w, r, i.asked.Get("redirect_uri")+"?code=c&state="+url.QueryEscape(i.asked.Get("state")), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != i.asked.Get("code_challenge") {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		claims := jwt.MapClaims{
			"iss": i.URL, "aud": "standdown", "sub": "1", "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(), "nonce": i.asked.Get("nonce"),
			"email": "anna@example.com", "email_verified": true,
		}
		for name, value := range i.claims {
			claims[name] = value
		}
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		token.Header["kid"] = "k"
		signed, err := token.SignedString(key)
		if err != nil {
			t.Error(err)
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": signed})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func TestSignInElsewhere(t *testing.T) {
	open := func(t *testing.T) (*office, *issuer) {
		t.Helper()
		i := newIssuer(t)
		o := newOffice(t, func(s *Server) {
			s.OIDC = &OIDC{Issuer: i.URL, ClientID: "standdown", ClientSecret: "secret", Claim: "email"}
		})
		o.server.OIDC.RedirectURL = o.url + "/login/oidc/back"
		if err := os.WriteFile(o.server.UsersFile, []byte("anna@example.com: {role: approver}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return o, i
	}
	t.Run("whom the issuer identifies and the users file names is in, and goes on where she wanted", func(t *testing.T) {
		o, _ := open(t)
		b := o.nobody(t)
		if status, body := b.get(t, "/login/oidc?next=%2Facts"); status != http.StatusOK || !strings.Contains(body, "anna@example.com, approver") || !strings.Contains(body, "<h1>Acts</h1>") {
			t.Errorf("%d\n%s", status, body)
		}
		b.post(t, "/decision/"+o.decision+"/answer", "signal", "approve", "entry", itoa(o.cancel))
		if acts, err := o.journal.Acts(t.Context(), o.decision); err != nil || len(acts) != 1 || acts[0].Who != "anna@example.com" {
			t.Errorf("%v %v", acts, err)
		}
	})
	for name, claims := range map[string]jwt.MapClaims{
		"one who is not among the users is refused":            {"email": "mallory@example.com"},
		"an address that is not verified is refused":           {"email_verified": false},
		"an identity without the claim is refused":             {"email": nil},
		"an identity for another program is refused":           {"aud": "other"},
		"an identity of another issuer is refused":             {"iss": "https://evil.example"},
		"an identity that is out of date is refused":           {"exp": start.Add(-time.Second).Unix()},
		"an identity that was made for another try is refused": {"nonce": "other"},
	} {
		t.Run(name, func(t *testing.T) {
			o, i := open(t)
			i.claims = claims
			b := o.nobody(t)
			if status, _ := b.get(t, "/login/oidc"); status != http.StatusForbidden {
				t.Errorf("%d", status)
			}
			if _, body := b.get(t, "/"); strings.Contains(body, "Sign out") {
				t.Error("somebody is signed in")
			}
		})
	}
	t.Run("an answer of the issuer is good in the browser that began, once, and for a while", func(t *testing.T) {
		o, _ := open(t)
		b := o.nobody(t)
		back := ""
		b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/login/oidc/back" && back == "" {
				back = r.URL.RequestURI()
				return http.ErrUseLastResponse
			}
			return nil
		}
		begin := func() {
			back = ""
			b.get(t, "/login/oidc")
		}
		begin()
		if status, _ := o.nobody(t).get(t, back); status != http.StatusForbidden {
			t.Errorf("in another browser: %d", status)
		}
		begin()
		if status, _ := b.get(t, back); status != http.StatusOK {
			t.Errorf("in the same: %d", status)
		}
		if status, _ := b.get(t, back); status != http.StatusForbidden {
			t.Errorf("again: %d", status)
		}
		begin()
		o.now = o.now.Add(attemptTime + time.Second)
		if status, _ := b.get(t, back); status != http.StatusForbidden {
			t.Errorf("too late: %d", status)
		}
	})
	t.Run("an issuer that cannot be reached is said", func(t *testing.T) {
		o, i := open(t)
		i.Close()
		if status, body := o.nobody(t).get(t, "/login/oidc"); status != http.StatusBadGateway || !strings.Contains(body, "cannot be reached") {
			t.Errorf("%d\n%s", status, body)
		}
	})
	t.Run("without an issuer nobody is sent anywhere", func(t *testing.T) {
		if status, _ := newOffice(t).nobody(t).get(t, "/login/oidc"); status != http.StatusNotFound {
			t.Errorf("%d", status)
		}
	})
}
