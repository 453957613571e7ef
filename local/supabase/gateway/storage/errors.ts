// The errors of the Storage API: code, status in the body, text. Not a logger.
// The service answers HTTP 400 to almost everything and puts the true status into the body.
import type { ServerResponse } from 'node:http';
import { sendJson } from '../http.ts';

export class StorageError extends Error {
	readonly code: string;
	/** What the body says; the HTTP status is 400, or 500 for 500. */
	readonly statusCode: number;
	readonly error: string;
	constructor(code: string, statusCode: number, message: string, error: string = code) {
		super(message);
		this.code = code;
		this.statusCode = statusCode;
		this.error = error;
	}
}

export const storageErrors = {
	noSuchBucket: () => new StorageError('NoSuchBucket', 404, 'Bucket not found', 'Bucket not found'),
	noSuchKey: () => new StorageError('NoSuchKey', 404, 'Object not found', 'not_found'),
	accessDenied: (message: string) => new StorageError('AccessDenied', 403, message, 'Unauthorized'),
	invalidJwt: (message: string) => new StorageError('InvalidJWT', 400, message),
	bucketExists: () =>
		new StorageError('BucketAlreadyExists', 409, 'The resource already exists', 'Duplicate'),
	keyExists: () =>
		new StorageError('KeyAlreadyExists', 409, 'The resource already exists', 'Duplicate'),
	bucketNotEmpty: () =>
		new StorageError('ResourceNotEmpty', 409, 'The bucket you tried to delete is not empty'),
	invalidMimeType: (type: string) =>
		new StorageError(
			'InvalidMimeType',
			415,
			`mime type ${type} is not supported`,
			'invalid_mime_type',
		),
	tooLarge: (entity = 'object', limit = 'the maximum allowed size') =>
		new StorageError('EntityTooLarge', 413, `The ${entity} exceeded ${limit}`, 'Payload too large'),
	invalidKey: (key: string) => new StorageError('InvalidKey', 400, `Invalid key: ${key}`),
	invalidBucketName: () =>
		new StorageError('InvalidBucketName', 400, 'Bucket name invalid', 'Invalid Input'),
	invalidRange: () =>
		new StorageError('InvalidRange', 416, 'The requested range is not satisfiable'),
	invalidSizeLimit: () =>
		new StorageError(
			'InvalidRequest',
			400,
			'Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B',
		),
	noContent: () => new StorageError('InvalidRequest', 400, 'No content provided'),
	invalidParameter: (message: string) => new StorageError('InvalidParameter', 400, message),
	database: (message: string) => new StorageError('DatabaseError', 500, message),
	unsupported: (what: string) =>
		new StorageError('NotSupported', 501, `not part of the local Storage: ${what}`),
};

/** Answers with the error, in the service's shape. Unknown errors become 500 without their text. */
export function sendError(response: ServerResponse, error: unknown): void {
	if (response.headersSent) {
		response.destroy();
		return;
	}
	if (!(error instanceof StorageError)) {
		console.error('storage:', error);
		sendJson(response, 500, {
			statusCode: '500',
			error: 'Internal',
			message: 'Internal Server Error',
		});
		return;
	}
	const httpStatus = error.statusCode >= 500 ? error.statusCode : 400;
	sendJson(response, httpStatus, {
		statusCode: String(error.statusCode),
		code: error.code,
		error: error.error,
		message: error.message,
	});
}
