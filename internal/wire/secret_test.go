package wire

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretStaysHidden(t *testing.T) {
	t.Parallel()
	type form struct {
		Name     string `json:"name"`
		Password Secret `json:"password,omitzero"`
		Careless Secret `json:"careless"`
	}
	const text = "open sesame"
	var f form
	if err := json.Unmarshal([]byte(`{"name":"x","password":"`+text+`","careless":"`+text+`"}`), &f); err != nil {
		t.Fatal(err)
	}
	if string(f.Password) != text {
		t.Fatalf("read %q", string(f.Password))
	}
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"x","careless":"***"}`; string(body) != want {
		t.Errorf("encoded %s, want %s", body, want)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "form", f, "secret", f.Password)
	for _, printed := range []string{fmt.Sprint(f), fmt.Sprintf("%#v %+v %s %v", f, f, f.Password, &f.Password), log.String()} {
		if strings.Contains(printed, text) {
			t.Errorf("printed %s", printed)
		}
	}
}
