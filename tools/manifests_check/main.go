// Manifests decodes Kubernetes objects from standard input into the Go types of Kubernetes and of the Prometheus
// operator, strictly: an unknown field or a value of another type is an error, said with the object's name.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	stream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]func() any{
	"v1 ConfigMap":                            func() any { return &core.ConfigMap{} },
	"v1 Service":                              func() any { return &core.Service{} },
	"v1 ServiceAccount":                       func() any { return &core.ServiceAccount{} },
	"apps/v1 StatefulSet":                     func() any { return &apps.StatefulSet{} },
	"networking.k8s.io/v1 NetworkPolicy":      func() any { return &networking.NetworkPolicy{} },
	"policy/v1 PodDisruptionBudget":           func() any { return &policy.PodDisruptionBudget{} },
	"monitoring.coreos.com/v1 PodMonitor":     func() any { return &monitoring.PodMonitor{} },
	"monitoring.coreos.com/v1 PrometheusRule": func() any { return &monitoring.PrometheusRule{} },
	"monitoring.coreos.com/v1 ServiceMonitor": func() any { return &monitoring.ServiceMonitor{} },
}

type identity struct {
	meta.TypeMeta `json:",inline"`
	Metadata      struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

func main() {
	documents := stream.NewYAMLReader(bufio.NewReaderSize(os.Stdin, 1<<20))
	failed := false
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = check(document)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(document []byte) error {
	var found identity
	if err := yaml.Unmarshal(document, &found); err != nil {
		return err
	}
	if found.Kind == "" && found.APIVersion == "" {
		return nil // a document of comments alone
	}
	kind := found.APIVersion + " " + found.Kind
	fresh, known := kinds[kind]
	if !known {
		return fmt.Errorf("%s %s: not a kind that is known here", kind, found.Metadata.Name)
	}
	if err := yaml.UnmarshalStrict(document, fresh()); err != nil {
		return fmt.Errorf("%s %s: %w", kind, found.Metadata.Name, err)
	}
	fmt.Println(kind, found.Metadata.Name)
	return nil
}
