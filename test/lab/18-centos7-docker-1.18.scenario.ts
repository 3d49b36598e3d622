import { dockerOnCentOs7 } from '../support/docker-scenario.js';

dockerOnCentOs7('1.18', '1.18.20');
