package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxName is the API's limit of a name. It is kept in bytes, so that it holds
// whichever way a client counts.
const maxName = 255

// suffixLength is the number of random characters at the end of the names of
// virtual machines and instances.
const suffixLength = 5

// LocationName is the name of the location that an enrolment makes
// (behaviours.md 9.1, location.md): the template's prefix where it has one,
// the region and the network. A network that is reported by its path (an Azure
// resource id, a GCP self link) counts by its last part.
func LocationName(prefix, region, network string) string {
	name := region + "-" + networkLabel(network)
	if prefix != "" {
		name = prefix + "-" + name
	}
	return bounded(name, maxName)
}

// GroupName is the name of the group of one network and zone. The number of an
// Azure zone is told apart by its region, because virtual networks of two
// regions may share a name.
func GroupName(cloud, region, network, zone string) string {
	if cloud == Azure {
		zone = region + "-" + zone
	}
	return bounded("zs-cc-"+networkLabel(network)+"-"+zone, maxName)
}

// GroupDesc describes a group by the instance that made it.
func GroupDesc(image, nativeID string) string {
	if image == "" {
		return "Auto created from " + nativeID
	}
	return "Auto created from " + image + "_" + nativeID
}

// VMName is the name of a virtual machine in a group; suffix is random.
func VMName(group, suffix string) string {
	return extended(group, "-VM-"+suffix)
}

// InstanceName is the name of the nth instance, from 1, of a virtual machine;
// suffix is random.
func InstanceName(vm string, n int, suffix string) string {
	return extended(vm, "_INSTANCE_"+strconv.Itoa(n)+"_"+suffix)
}

// NumberedName is the name to take when name is taken: names are unique among
// working objects, and an administrator may have given a generated name to
// something else.
func NumberedName(name string, n int) string {
	return extended(name, "-"+strconv.Itoa(n))
}

// RandomSuffix returns the random alphanumerics at the end of a name.
func RandomSuffix(random io.Reader) (string, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	// Bytes at and above the largest multiple of the alphabet's length are
	// thrown away, so that all characters are equally likely.
	const limit = 256 - 256%len(alphabet)
	out := make([]byte, 0, suffixLength)
	for draw := make([]byte, 1); len(out) < suffixLength; {
		if _, err := io.ReadFull(random, draw); err != nil {
			return "", fmt.Errorf("random suffix of a name: %w", err)
		}
		if int(draw[0]) < limit {
			out = append(out, alphabet[int(draw[0])%len(alphabet)])
		}
	}
	return string(out), nil
}

// LocationKey is what a location is found by when a connector enrols. Names
// may be edited and reused, keys may not.
func LocationKey(cloud, region, network string, template int64) string {
	return joinKey(cloud, region, network, strconv.FormatInt(template, 10))
}

// GroupKey is what a group is found by when a connector enrols. The region is
// in it because Azure numbers the zones of every region alike.
func GroupKey(cloud, region, network, zone string, template int64) string {
	return joinKey(cloud, region, network, zone, strconv.FormatInt(template, 10))
}

// joinKey joins the parts of a key so that no two lists of parts make the same
// key, whatever is in them.
func joinKey(parts ...string) string {
	escape := strings.NewReplacer("%", "%25", "|", "%7C")
	for i, part := range parts {
		parts[i] = escape.Replace(part)
	}
	return strings.Join(parts, "|")
}

// networkLabel writes a network as generated names have it: with "vpc-" in
// front, once, for AWS ids begin with it.
func networkLabel(network string) string {
	network = strings.TrimRight(network, "/")
	network = network[strings.LastIndexByte(network, '/')+1:]
	if len(network) >= 4 && strings.EqualFold(network[:4], "vpc-") {
		network = network[4:]
	}
	return "vpc-" + network
}

// extended returns base with tail, cutting base where both are too long.
func extended(base, tail string) string {
	return bounded(base, maxName-len(tail)) + tail
}

// bounded returns name in at most limit bytes. A name that is cut ends in a
// digest of the whole of it, so that long names that differ stay different.
func bounded(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	digest := "-" + hex.EncodeToString(sum[:4])
	end := max(limit-len(digest), 0)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + digest
}
