{{- define "countersign.labels" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "countersign.selector" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "countersign.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "countersign.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "countersign.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "countersign.deployment" -}}
{{- $root := .root -}}
{{- $values := index .root.Values .component -}}
{{- $slack := and $root.Values.has.slack (ne .component "api") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $root.Release.Name }}-{{ .component }}
  labels:
    {{- include "countersign.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ $values.replicas }}
  # One more before one less: a release's processes run beside those of the release before.
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector:
    matchLabels:
      {{- include "countersign.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "countersign.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
    spec:
      serviceAccountName: {{ $root.Release.Name }}
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
      securityContext:
        {{- include "countersign.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "countersign.selector" . | nindent 14 }}
      containers:
        - name: {{ .component }}
          image: {{ include "countersign.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [{{ .component }}]
          securityContext:
            {{- include "countersign.containerSecurity" $root | nindent 12 }}
          ports:
            {{- if ne .component "worker" }}
            - { name: http, containerPort: 8787 }
            {{- end }}
            - { name: metrics, containerPort: 9464 }
          env:
            - { name: COUNTERSIGN_MIGRATE, value: {{ ternary "never" "start" $root.Values.migrate.enabled | quote }} }
            - { name: COUNTERSIGN_URL, value: {{ $root.Values.url | quote }} }
            - { name: COUNTERSIGN_METRICS_PORT, value: '9464' }
            - { name: COUNTERSIGN_METRICS_HOST, value: 0.0.0.0 }
            - { name: COUNTERSIGN_KEYS_FILE, value: /run/secrets/keys/keys.json }
            - { name: TEMPORAL_ADDRESS, value: {{ $root.Values.temporal.address | quote }} }
            - { name: TEMPORAL_NAMESPACE, value: {{ $root.Values.temporal.namespace | quote }} }
            - { name: DATABASE_URL_FILE, value: /run/secrets/app/database_url }
            {{- if $root.Values.has.apiKey }}
            - { name: COUNTERSIGN_API_KEY_FILE, value: /run/secrets/app/api_key }
            {{- end }}
            {{- if $root.Values.has.temporalApiKey }}
            - { name: TEMPORAL_API_KEY_FILE, value: /run/secrets/app/temporal_api_key }
            {{- end }}
            {{- if and $root.Values.has.smtp (eq .component "worker") }}
            - { name: COUNTERSIGN_SMTP_URL_FILE, value: /run/secrets/app/smtp_url }
            {{- end }}
            {{- if $slack }}
            - { name: SLACK_BOT_TOKEN_FILE, value: /run/secrets/app/slack_bot_token }
            {{- if $root.Values.has.slackAppToken }}
            - { name: SLACK_APP_TOKEN_FILE, value: /run/secrets/app/slack_app_token }
            {{- else }}
            - { name: SLACK_SIGNING_SECRET_FILE, value: /run/secrets/app/slack_signing_secret }
            {{- end }}
            {{- end }}
            {{- range $name, $value := $root.Values.env }}
            - { name: {{ $name }}, value: {{ $value | quote }} }
            {{- end }}
          # Not ready is no reason to restart: liveness asks only whether the process is alive.
          startupProbe: { httpGet: { path: /healthz, port: metrics }, periodSeconds: 3, failureThreshold: 60 }
          livenessProbe: { httpGet: { path: /healthz, port: metrics }, periodSeconds: 10, timeoutSeconds: 3 }
          readinessProbe: { httpGet: { path: /readyz, port: metrics }, periodSeconds: 5, timeoutSeconds: 3 }
          # Out of the load balancer first: until then, requests still come in.
          lifecycle: { preStop: { exec: { command: [sleep, '5'] } } }
          resources: {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            - { name: data, mountPath: /var/lib/countersign }
            - { name: tmp, mountPath: /tmp }
            - { name: app, mountPath: /run/secrets/app, readOnly: true }
            - { name: keys, mountPath: /run/secrets/keys, readOnly: true }
            {{- if $root.Values.policies.configMap }}
            - { name: policies, mountPath: /etc/countersign/policies, readOnly: true }
            {{- end }}
      volumes:
        # Each pod's own, in memory: the keys are unpacked into it, and nothing in it is missed when it is gone.
        - { name: data, emptyDir: { medium: Memory, sizeLimit: 64Mi } }
        - { name: tmp, emptyDir: { sizeLimit: 256Mi } }
        - name: app
          secret: { secretName: {{ $root.Values.secrets.app }}, defaultMode: 0440 }
        - name: keys
          secret: { secretName: {{ $root.Values.secrets.keys }}, defaultMode: 0440 }
        {{- if $root.Values.policies.configMap }}
        - name: policies
          configMap: { name: {{ $root.Values.policies.configMap }} }
        {{- end }}
{{- end }}

{{- define "countersign.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .root.Release.Name }}-{{ .component }}
  labels:
    {{- include "countersign.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  selector:
    {{- include "countersign.selector" . | nindent 4 }}
  ports:
    {{- if ne .component "worker" }}
    - { name: http, port: 80, targetPort: http }
    {{- end }}
    - { name: metrics, port: 9464, targetPort: metrics }
{{- end }}

{{- define "countersign.disruption" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .component }}
  labels:
    {{- include "countersign.labels" .root | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "countersign.selector" . | nindent 6 }}
{{- end }}
