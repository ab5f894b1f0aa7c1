package postman

// Environment is an environment of Postman: the values that a collection is
// run with.
type Environment struct {
	Name   string     `json:"name"`
	Values []Variable `json:"values"`
	Scope  string     `json:"_postman_variable_scope"`
}

// Secrets are what an environment signs in with; empty ones are for the user
// to fill in.
type Secrets struct{ Login, Password, APIKey string }

// NewEnvironment makes the environment of a server.
func NewEnvironment(name, url string, s Secrets) Environment {
	on := true
	return Environment{
		Name: name, Scope: "environment",
		Values: []Variable{
			{Key: "baseUrl", Value: url, Type: "default", Enabled: &on},
			{Key: "username", Value: s.Login, Type: "default", Enabled: &on},
			{Key: "password", Value: s.Password, Type: "secret", Enabled: &on},
			{Key: "apiKey", Value: s.APIKey, Type: "secret", Enabled: &on},
		},
	}
}
