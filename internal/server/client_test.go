package server_test

import (
	"fmt"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// A backup holds API clients, their secrets and their tokens; a restore brings
// them back, and a reset leaves them alone.
func TestClientsInBackupRestoreAndReset(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		if err := s.EnsureBaseline(t.Context(), s.Credentials.Org); err != nil {
			t.Fatal(err)
		}
		owner, super, before := s.Owner(t), s.SignIn(t, servertest.Super), s.Client(t)
		client := servertest.Decode[[]struct{ ID int64 }](t, super.Must(t, "GET", "/spurline/v1/clients", ""))[0]
		path := fmt.Sprintf("/spurline/v1/clients/%d", client.ID)
		backup := owner.Must(t, "GET", "/spurline/v1/backup", "")

		secret := servertest.Decode[wire.ShownSecret](t, super.Must(t, "POST", path+"/secrets", ""))
		after := s.Gateway(s.Token(t, secret.ClientID, secret.ClientSecret))
		owner.Must(t, "POST", "/spurline/v1/reset", "")
		before.Must(t, "GET", "/locationTemplate", "")
		after.Must(t, "GET", "/locationTemplate", "")

		super.Must(t, "DELETE", path, "")
		owner.Must(t, "POST", "/spurline/v1/restore", backup)
		s.Restart(t)
		before.Must(t, "GET", "/locationTemplate", "")
		s.Client(t).Must(t, "GET", "/locationTemplate", "")
		if a := after.Do(t, "GET", "/locationTemplate", ""); a.Status != 401 {
			t.Errorf("a token from after the backup: %d", a.Status)
		}
	})
}
