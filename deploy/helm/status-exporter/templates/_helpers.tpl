{{- define "status-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "status-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "status-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "status-exporter.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "status-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "status-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "status-exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "status-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: status-exporter
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "status-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "status-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "status-exporter.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "status-exporter.configMapName" -}}
{{- default (include "status-exporter.fullname" .) .Values.existingConfigMap }}
{{- end }}

{{- define "status-exporter.probe" -}}
scheme: {{ .Values.probes.scheme }}
port: http
{{- with .Values.probes.httpHeaders }}
httpHeaders:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The endpoint of a monitor: the statuses' own labels win, `job` is the one of the rules, `instance` outlives the pod's address. */ -}}
{{- define "status-exporter.endpoint" -}}
port: http
path: /metrics
honorLabels: true
interval: {{ .Values.monitor.interval }}
scrapeTimeout: {{ .Values.monitor.scrapeTimeout }}
relabelings:
  - {targetLabel: job, replacement: status-exporter}
  - {sourceLabels: [__meta_kubernetes_pod_name], targetLabel: instance}
{{- with .Values.monitor.endpoint }}
{{ toYaml . }}
{{- end }}
{{- end }}
