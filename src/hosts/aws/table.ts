/** The store's table, made from the definition that its driver has. */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  type Attribute,
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { DYNAMODB_TABLE } from '../../store/dynamodb/table.ts';
import type { TidegateSettings } from './settings.ts';

const TYPES = { S: AttributeType.STRING, N: AttributeType.NUMBER, B: AttributeType.BINARY } as const;

function attribute({ name, type }: { name: string; type: keyof typeof TYPES }): Attribute {
  return { name, type: TYPES[type] };
}

type TableSettings = Pick<TidegateSettings, 'data' | 'encryption' | 'maxReadUnits' | 'maxWriteUnits'>;

export function addTable(scope: Construct, settings: TableSettings): Table {
  const { data = 'keep', encryption = 'owned', maxReadUnits, maxWriteUnits } = settings;
  const { partitionKey, sortKey, dueIndex, billingMode, ttlAttribute } = DYNAMODB_TABLE;
  const most = {
    ...(maxReadUnits === undefined ? {} : { maxReadRequestUnits: maxReadUnits }),
    ...(maxWriteUnits === undefined ? {} : { maxWriteRequestUnits: maxWriteUnits }),
  };
  const table = new Table(scope, 'Store', {
    partitionKey: attribute(partitionKey),
    sortKey: attribute(sortKey),
    billingMode: BillingMode[billingMode],
    timeToLiveAttribute: ttlAttribute,
    encryption: encryption === 'managed' ? TableEncryption.AWS_MANAGED : TableEncryption.DEFAULT,
    ...most,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: data === 'keep',
    removalPolicy: data === 'keep' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  table.addGlobalSecondaryIndex({
    indexName: dueIndex.name,
    partitionKey: attribute(dueIndex.partitionKey),
    sortKey: attribute(dueIndex.sortKey),
    projectionType: ProjectionType[dueIndex.projection],
    ...most,
  });
  return table;
}

/** What the driver asks of the table to take old entries out of logs, beside `mayUse`. */
export function mayTrim(table: Table): PolicyStatement {
  return new PolicyStatement({ actions: ['dynamodb:BatchWriteItem'], resources: [table.tableArn] });
}

/** What the driver asks of the table, and nothing more: it makes and describes none. */
export function mayUse(table: Table): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: [
        'dynamodb:BatchGetItem',
        'dynamodb:ConditionCheckItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      resources: [table.tableArn],
    }),
    new PolicyStatement({
      actions: ['dynamodb:Query'],
      resources: [`${table.tableArn}/index/${DYNAMODB_TABLE.dueIndex.name}`],
    }),
  ];
}
