import { dockerOnCentOs7 } from '../support/docker-scenario.js';

dockerOnCentOs7('1.23', '1.23.17');
