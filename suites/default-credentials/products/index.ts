/** Every product that is known: one file each. A mark that says little (a bare 401) stands behind those that say more. */
import type { Product } from '../../../helpers/probes/default-credentials.ts'
import activemq from './activemq.ts'
import adguard from './adguard.ts'
import adminer from './adminer.ts'
import airflow from './airflow.ts'
import alertmanager from './alertmanager.ts'
import codeServer from './code-server.ts'
import couchdb from './couchdb.ts'
import elasticsearch from './elasticsearch.ts'
import ghost from './ghost.ts'
import gitea from './gitea.ts'
import gotify from './gotify.ts'
import grafana from './grafana.ts'
import jellyfin from './jellyfin.ts'
import jenkins from './jenkins.ts'
import jupyter from './jupyter.ts'
import keycloak from './keycloak.ts'
import listmonk from './listmonk.ts'
import mailhog from './mailhog.ts'
import mailpit from './mailpit.ts'
import metabase from './metabase.ts'
import minio from './minio.ts'
import n8n from './n8n.ts'
import nextcloud from './nextcloud.ts'
import nexus from './nexus.ts'
import nginxProxyManager from './nginx-proxy-manager.ts'
import nocodb from './nocodb.ts'
import ollama from './ollama.ts'
import pgadmin from './pgadmin.ts'
import phpmyadmin from './phpmyadmin.ts'
import portainer from './portainer.ts'
import prometheus from './prometheus.ts'
import rabbitmq from './rabbitmq.ts'
import sonarqube from './sonarqube.ts'
import tomcat from './tomcat.ts'
import traefik from './traefik.ts'
import uptimeKuma from './uptime-kuma.ts'
import vaultwarden from './vaultwarden.ts'
import wallabag from './wallabag.ts'
import wordpress from './wordpress.ts'

export const PRODUCTS: readonly Product[] = [
  adguard,
  adminer,
  airflow,
  alertmanager,
  codeServer,
  couchdb,
  elasticsearch,
  ghost,
  gitea,
  gotify,
  grafana,
  jellyfin,
  jenkins,
  jupyter,
  keycloak,
  listmonk,
  mailhog,
  metabase,
  minio,
  n8n,
  nextcloud,
  nexus,
  nginxProxyManager,
  nocodb,
  ollama,
  pgadmin,
  phpmyadmin,
  portainer,
  rabbitmq,
  sonarqube,
  tomcat,
  traefik,
  uptimeKuma,
  vaultwarden,
  wallabag,
  wordpress,
  activemq,
  mailpit,
  prometheus,
]
