package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// oauth answers /services/oauth2/.
func (o *Org) oauth(r *http.Request, path []string, body []byte) reply {
	switch strings.Join(path, "/") {
	case "token":
		if r.Method != http.MethodPost {
			return oauthError("invalid_request", "must use HTTP POST")
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return oauthError("invalid_request", "the body must be a form")
		}
		return o.token(r, form)
	case "userinfo":
		return o.identity(r)
	}
	return notFound("The requested resource does not exist").reply()
}

func (o *Org) token(r *http.Request, form url.Values) reply {
	switch form.Get("grant_type") {
	case "":
		return oauthError("invalid_request", "grant type is missing")
	case "client_credentials":
		id, secret, ok := r.BasicAuth()
		if !ok {
			id, secret = form.Get("client_id"), form.Get("client_secret")
		}
		if host := r.Host; host == "login.salesforce.com" || host == "test.salesforce.com" {
			return oauthError("invalid_grant", "request not supported on this domain")
		}
		if id != o.opts.ClientID {
			return oauthError("invalid_client_id", "client identifier invalid")
		}
		if subtle.ConstantTimeCompare([]byte(secret), []byte(o.opts.ClientSecret)) != 1 {
			return oauthError("invalid_client", "invalid client credentials")
		}
		return o.grant(r, IntegrationUser)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		user, refusal := o.assertion(r, form.Get("assertion"))
		if refusal != "" {
			return oauthError("invalid_grant", refusal)
		}
		return o.grant(r, user)
	}
	return oauthError("unsupported_grant_type", "grant type not supported")
}

// assertion checks a JWT as Salesforce does: RS256, issued by the client for
// this server, to end within five minutes.
func (o *Org) assertion(r *http.Request, assertion string) (user, refusal string) {
	if o.opts.PublicKey == nil {
		return "", "user hasn't approved this consumer"
	}
	claims := jwt.MapClaims{}
	// The claims are checked below: Salesforce takes exp as text too.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation(), jwt.WithJSONNumber())
	_, err := parser.ParseWithClaims(assertion, claims, func(*jwt.Token) (any, error) { return o.opts.PublicKey, nil })
	if err != nil {
		return "", "invalid assertion"
	}
	if claims["iss"] != o.opts.ClientID {
		return "", "client identifier invalid"
	}
	audience, _ := claims["aud"].(string)
	switch strings.TrimSuffix(audience, "/") {
	case "https://login.salesforce.com", "https://test.salesforce.com", instanceURL(r):
	default:
		return "", "audience is invalid"
	}
	left := expiry(claims["exp"]).Sub(o.now())
	if left <= 0 || left > 5*time.Minute {
		return "", "expired authorization code"
	}
	user, _ = claims["sub"].(string)
	if _, err := o.userID(user); err != nil {
		return "", "user hasn't approved this consumer"
	}
	return user, ""
}

func expiry(claim any) time.Time {
	text, _ := claim.(string)
	if n, ok := claim.(json.Number); ok {
		text = n.String()
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// grant answers a new token. There is no expires_in: a client learns of the
// end of its session by a 401.
func (o *Org) grant(r *http.Request, user string) reply {
	token, err := o.issue(user)
	if err != nil {
		return oauthError("invalid_grant", "no client credentials user enabled")
	}
	id := instanceURL(r) + "/id/" + o.orgID + "/" + o.tokens[token]
	issued := strconv.FormatInt(o.now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(o.opts.ClientSecret))
	mac.Write([]byte(id + issued))
	return reply{http.StatusOK, map[string]string{"Cache-Control": "no-store"}, map[string]any{
		"access_token": token, "token_type": "Bearer", "issued_at": issued, "id": id, "scope": "api",
		"instance_url": instanceURL(r), "api_instance_url": instanceURL(r),
		"signature": base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}}
}

// Token issues a token for a user, by user name, full name or id, as if they
// had logged in.
func (o *Org) Token(user string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.issue(user)
}

// ExpireTokens ends all sessions.
func (o *Org) ExpireTokens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tokens)
}

func (o *Org) issue(user string) (string, error) {
	id, err := o.userID(user)
	if err != nil {
		return "", err
	}
	o.issued++
	token := o.orgID[:15] + "!AQsandbox" + base62(o.issued, 8)
	o.tokens[token] = id
	return token, nil
}

// session finds who calls.
func (o *Org) session(r *http.Request) (user string, err *Error) {
	header := r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	user = o.tokens[strings.TrimSpace(token)]
	if user == "" || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "OAuth") {
		return "", &Error{Status: http.StatusUnauthorized, Code: "INVALID_SESSION_ID", Message: "Session expired or invalid"}
	}
	return user, nil
}

// identity tells who is logged in, in the words of /services/oauth2/userinfo
// and in those of the id that comes with a token.
func (o *Org) identity(r *http.Request) reply {
	user, err := o.session(r)
	if err != nil {
		return err.reply()
	}
	u := o.store.get(user, true)
	return reply{http.StatusOK, nil, map[string]any{
		"sub": instanceURL(r) + "/id/" + o.orgID + "/" + user, "user_id": user, "organization_id": o.orgID,
		"preferred_username": u["Username"], "username": u["Username"], "name": u["Name"], "display_name": u["Name"], "email": u["Email"], "zoneinfo": u["TimeZoneSidKey"],
		"active": u["IsActive"], "user_type": "STANDARD", "locale": "en_US", "language": "en_US",
	}}
}

func instanceURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func oauthError(code, description string) reply {
	return reply{http.StatusBadRequest, nil, map[string]any{"error": code, "error_description": description}}
}
